import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CombinedFile } from "../../../src/cli/combined.ts";
import { errorFields, type LogLevel, logName, RunLog } from "../../../src/cli/log.ts";
import { VectorError } from "../../../src/errors.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vecferry-log-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function logged(level: LogLevel, write: (log: RunLog) => void): Record<string, unknown>[] {
  const path = join(folder, "x.log");
  using log = new RunLog(path, level, (text) => text.replaceAll("s3cr3tkey", "***"));
  write(log);
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

describe("the log", () => {
  it("is named by the time in UTC", () => {
    expect(logName(new Date("2026-11-21T10:30:01.234Z"))).toBe("migration_20261121T103001Z.log");
  });

  it.skipIf(process.platform === "win32")("is readable by its owner alone", () => {
    logged("info", () => undefined);
    expect(statSync(join(folder, "x.log")).mode & 0o777).toBe(0o600);
  });

  it("holds what its level asks for", () => {
    const write = (log: RunLog): void => {
      log.write("error", "a");
      log.event({ type: "retry", end: "source", attempt: 1, delayMs: 1, code: "E_TIMEOUT" });
      log.event({ type: "phase", phase: "copy", collection: "c" });
      for (const done of [1, 2, 3]) {
        log.event({
          type: "progress",
          phase: "copy",
          collection: "c",
          done,
          total: 3,
          bytes: 0,
          quarantined: 0,
        });
      }
    };
    const events = (level: LogLevel) => logged(level, write).map(({ event }) => event);
    expect(events("error")).toEqual(["a"]);
    rmSync(join(folder, "x.log"));
    expect(events("warn")).toEqual(["a", "retry"]);
    rmSync(join(folder, "x.log"));
    expect(events("info")).toEqual(["a", "retry", "phase", "progress", "progress"]);
    rmSync(join(folder, "x.log"));
    expect(events("debug")).toEqual(["a", "retry", "phase", "progress", "progress", "progress"]);
  });

  it("strikes keys out, and keeps of a foreign error no words that may quote a document", () => {
    let cause: unknown;
    try {
      JSON.parse('{"document": the quick brown fox}');
    } catch (error) {
      cause = error;
    }
    const error = new VectorError("E_SERVER", "It says s3cr3tkey.", { cause });
    const [line] = logged("info", (log) => log.write("error", "failed", errorFields(error)));
    expect(line).toMatchObject({
      code: "E_SERVER",
      message: "It says ***.",
      cause: { name: "SyntaxError" },
    });
    expect(JSON.stringify(line)).not.toContain("quick");
  });

  it("that cannot be written is a configuration error that names the flag", () => {
    const open = (): unknown => new RunLog(join(folder, "none", "x.log"), "info", (text) => text);
    expect(open).toThrow(expect.objectContaining({ code: "E_CONFIG" }));
  });
});

describe("the file of --combined", () => {
  it("has a line a record, whatever the ids are made of", () => {
    const path = join(folder, "combined.txt");
    {
      using file = new CombinedFile(path);
      file.write({ sigil: "=", collection: "a", id: "plain id", detail: "" });
      file.write({ sigil: "*", collection: "a", id: "line\nbreak\0", detail: "document" });
      file.write({ sigil: "+", collection: "a", id: '"quoted"', detail: "" });
    }
    expect(readFileSync(path, "utf8")).toBe(
      '=\ta\tplain id\n*\ta\t"line\\nbreak\\u0000"\tdocument\n+\ta\t"\\"quoted\\""\n',
    );
  });
});
