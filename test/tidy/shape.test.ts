import { tmpdir } from "node:os";
import { basename } from "node:path";
import { parseSync } from "vite";
import { describe, expect, it } from "vitest";
import { sourcesBelow } from "../support/files.ts";

const linesMax = 400;
const sources = sourcesBelow("src", "test", "bench", "examples", "scripts");

function linesIn(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

function hasDefaultExport(path: string, text: string): boolean {
  return parseSync(path, text)
    .module.staticExports.flatMap((statement) => statement.entries)
    .some((entry) => entry.exportName.kind === "Default");
}

describe("source files", () => {
  it(`have ${linesMax} lines at most`, () => {
    const long = [...sources].filter(([, text]) => linesIn(text) > linesMax);
    expect(long.map(([path, text]) => `${path}: ${linesIn(text)}`)).toEqual([]);
  });

  it("have kebab-case names, their folders too", () => {
    const kebab = /^([a-z0-9]+(-[a-z0-9]+)*\/)+[a-z0-9]+(-[a-z0-9]+)*(\.(test|bench))?\.ts$/;
    expect([...sources.keys()].filter((path) => !kebab.test(path))).toEqual([]);
  });

  it("number no variable of SQL: Node 22.18 takes ?1 for a name, and has no place for its value", () => {
    const numbered = [...sourcesBelow("src")].filter(([, text]) => /[\s(,]\?\d/.test(text));
    expect(numbered.map(([path]) => path)).toEqual([]);
  });

  it("export by name, but for a reporter, which Vitest takes by default only", () => {
    const defaults = [...sources].filter(([path, text]) => hasDefaultExport(path, text));
    expect(defaults.map(([path]) => path)).toEqual(["test/support/summary-reporter.ts"]);
  });
});

it("a test file has a temporary folder of its own, which goes with all that is left there", () => {
  expect(basename(tmpdir())).toMatch(/^vecferry-tests-/);
});
