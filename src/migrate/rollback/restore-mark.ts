/** Which collections a rollback restores, noted before it begins with them: they hold nothing else, and a later call goes on with them. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { parseJson } from "../../util/json.ts";
import { removeFile, writeFileAtomic } from "../../util/whole-file.ts";
import { migrationFiles } from "../files.ts";

const markSchema = z.object({
  format: z.literal(1),
  collections: z.array(z.string()),
  /** Whether all of them stand as the backup has them, but for what was carried since. */
  done: z.boolean(),
});

export type Restoring = Pick<z.infer<typeof markSchema>, "collections" | "done">;

export class RestoreMark {
  readonly run: string;
  readonly #file: string;

  constructor(stateFolder: string, run: string) {
    this.run = run;
    this.#file = path.join(migrationFiles(stateFolder, run).folder, "rollback.json");
  }

  /** What an unfinished rollback had begun to restore. @throws E_JOURNAL_DAMAGED */
  read(): Restoring {
    if (!existsSync(this.#file)) return { collections: [], done: false };
    const parsed = markSchema.safeParse(parseJson(readFileSync(this.#file, "utf8")));
    if (parsed.success) return parsed.data;
    throw new VectorError("E_JOURNAL_DAMAGED", `The file ${this.#file} cannot be read.`, {
      next: "Take the file away; what a rollback has restored is then compared like any other record.",
    });
  }

  /** @throws E_DISK_FULL, E_CONFIG */
  write({ collections, done }: Restoring): void {
    writeFileAtomic(this.#file, [JSON.stringify({ format: 1, collections, done })]);
  }

  /** The rollback is done. */
  clear(): void {
    removeFile(this.#file);
  }
}
