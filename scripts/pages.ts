/** The pages of docs/ that are made from the code, by their path. */
import { planJsonSchema } from "../src/migrate/planning/plan-schema.ts";
import { reportJsonSchema } from "../src/migrate/report-schema.ts";
import { cliPage } from "./cli-page.ts";
import { compatibilityPage } from "./compatibility-page.ts";
import { doctorPage } from "./doctor-page.ts";
import { errorsPage } from "./errors-page.ts";

export const pages: Readonly<Record<string, () => string>> = {
  "docs/cli.md": cliPage,
  "docs/doctor.md": doctorPage,
  "docs/errors.md": errorsPage,
  "docs/qdrant-compatibility.md": compatibilityPage,
  "docs/plan.schema.json": planJsonSchema,
  "docs/report.schema.json": reportJsonSchema,
};
