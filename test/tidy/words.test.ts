/** What must not stand in committed text: paths of the machine it was written on, and words about how it was made. */
import { extname } from "node:path";
import { describe, expect, it } from "vitest";
import { projectFiles, readProjectFile } from "../support/files.ts";

const textFiles = new Set(
  ".cjs .css .html .js .json .jsonl .md .mjs .py .sh .ts .txt .yaml .yml".split(" "),
);

interface Rule {
  readonly name: string;
  readonly pattern: RegExp;
  /** Paths that may use the words, by their beginning. */
  readonly allowed: readonly string[];
}

const self = "test/tidy/words.test.ts";
const rules: readonly Rule[] = [
  { name: "a machine path", pattern: /(^|[\s"'`(=:])\/(work|root|home|Users)\//m, allowed: [self] },
  { name: "a number of an issue", pattern: /\bissues? #?[0-9]/i, allowed: [self] },
  // Tests, benchmarks and scripts may take data from a folder beside the checkout, and do without it.
  {
    name: "a folder beside the checkout",
    pattern: /\.\.\/shared\b/,
    allowed: ["test/", "bench/", "scripts/"],
  },
  { name: "a page beside the checkout", pattern: /\bfacts\/|\bdesign\.md\b/, allowed: [self] },
  {
    name: "a document that is not published",
    pattern: /\bdesign section\b|\b(of|by|in) (the )?design and docs\b/i,
    allowed: [self],
  },
  { name: "work left to do", pattern: /\b(TODO|FIXME|XXX)\b/, allowed: [self] },
];

function faultsOf(path: string, text: string): string[] {
  return rules
    .filter(({ allowed }) => !allowed.some((beginning) => path.startsWith(beginning)))
    .flatMap(({ name, pattern }) => {
      const found = pattern.exec(text);
      if (found === null) return [];
      return [`${path}:${text.slice(0, found.index).split("\n").length}: ${name}`];
    });
}

describe("committed text", () => {
  it("names no path of a machine and no word of how the project was made", () => {
    const paths = [...projectFiles(), ...projectFiles("test/fixtures")].filter(
      (path) =>
        textFiles.has(extname(path)) || /(^|\/)(\.ci\/run|Dockerfile|LICENSE|NOTICE)$/.test(path),
    );
    expect(paths).toContain("package.json");
    expect(paths.flatMap((path) => faultsOf(path, readProjectFile(path)))).toEqual([]);
  });

  it.each([
    ["const path = '/root/data';", "a machine path"],
    ["// See issue 12.", "a number of an issue"],
    ["open('../shared/data')", "a folder beside the checkout"],
    ["// As facts/chroma says.", "a page beside the checkout"],
    ["// How it is laid out: design section 4.", "a document that is not published"],
    ["// States of design and docs.", "a document that is not published"],
    ["// TODO: later.", "work left to do"],
  ])("is refused when it says %j", (text, name) => {
    expect(faultsOf("src/a.ts", `\n${text}`)).toEqual([`src/a.ts:2: ${name}`]);
  });
});
