/** A disk that takes the first part of a write and no more: the shell's limit on the size of a file does the same. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/cli.ts";
import { projectRoot } from "../support/files.ts";
import { programText } from "../support/programs.ts";

const run = promisify(execFile);

/** Runs a program whose files may hold 4 KiB at most. */
async function limited(program: string): Promise<string> {
  const shell = 'ulimit -f 4; exec "$0" "$@"';
  const { stdout } = await run("bash", ["-c", shell, process.execPath, ...programText(program)], {
    cwd: projectRoot,
  });
  return stdout.trim();
}

describe.skipIf(process.platform === "win32")("a write that the disk takes only in part", () => {
  it("is a failure of the report or of the quarantine file, and leaves no file", async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "report.json");
    const said = await limited(`
      import { writeFileAtomic } from "./src/util/whole-file.ts";
      try {
        writeFileAtomic(${JSON.stringify(file)}, ["x".repeat(10_000)]);
        console.log("written");
      } catch (error) {
        console.log(error.message);
      }
    `);
    expect(said).toBe(`The file ${file} cannot be written (EFBIG).`);
    expect(existsSync(file)).toBe(false);
  });

  it("is a failure of the file of --combined", async () => {
    using folder = temporaryFolder();
    const said = await limited(`
      import { CombinedFile } from "./src/cli/combined.ts";
      const file = new CombinedFile(${JSON.stringify(join(folder.path, "all.txt"))});
      file.write({ sigil: "=", collection: "a", id: "x".repeat(10_000), detail: "" });
      try {
        file[Symbol.dispose]();
        console.log("written");
      } catch (error) {
        console.log(error.code);
      }
    `);
    expect(said).toBe("E_CONFIG");
  });
});
