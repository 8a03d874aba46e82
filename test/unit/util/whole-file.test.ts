import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removeFile, writeFileAtomic } from "../../../src/util/whole-file.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vecferry-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The number of a process that has ended. */
const { pid: gone } = spawnSync(process.execPath, ["-e", ""]);

describe("a file that is written whole or not at all", () => {
  it.each([
    ["written anew", (file: string) => writeFileAtomic(file, ["new"]), ["report.json"]],
    ["taken away", (file: string) => removeFile(file), []],
  ])("when %s, leaves nothing of a writer that was killed", (_, run, left) => {
    const file = join(folder, "report.json");
    writeFileSync(file, "old");
    writeFileSync(`${file}.${gone}.part`, "hal");
    run(file);
    expect(readdirSync(folder)).toEqual(left);
  });

  it("leaves the parts of writers at work, and of other files", () => {
    const others = [
      `report.json.${process.ppid}.part`,
      `other.json.${gone}.part`,
      "report.json.part",
    ];
    for (const name of others) writeFileSync(join(folder, name), "");
    writeFileAtomic(join(folder, "report.json"), ["new"]);
    expect(readdirSync(folder).sort()).toEqual([...others, "report.json"].sort());
  });
});
