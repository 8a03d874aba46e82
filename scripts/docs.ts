/** Writes the pages of docs/ that are made from the code: `npm run docs`. */
import { writeFileSync } from "node:fs";
import { reportJsonSchema } from "../src/migrate/report-schema.ts";
import { errorsPage } from "./errors-page.ts";

writeFileSync(new URL("../docs/errors.md", import.meta.url), errorsPage());
writeFileSync(new URL("../docs/report.schema.json", import.meta.url), reportJsonSchema());
