import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { pages } from "../../scripts/pages.ts";
import { errorCodes } from "../../src/errors.ts";
import { projectFiles, readProjectFile, sourcesBelow } from "../support/files.ts";

describe("error codes", () => {
  it("are all used somewhere in src", () => {
    const code = [...sourcesBelow("src")]
      .filter(([path]) => path !== "src/errors.ts")
      .map(([, text]) => text)
      .join("\n");
    expect(Object.keys(errorCodes).filter((name) => !code.includes(`"${name}"`))).toEqual([]);
  });
});

describe("pages made from the code (`npm run docs` writes them)", () => {
  it.each(Object.entries(pages))("%s is as the code has it", (path, page) => {
    expect(readProjectFile(path).replaceAll("\r\n", "\n")).toBe(page());
  });
});

describe("links between pages", () => {
  it("lead to files that are there", () => {
    const files = new Set(projectFiles());
    const folders = new Set([...files].map((path) => posix.dirname(path)));
    const links = [...files]
      .filter((path) => path.endsWith(".md"))
      .flatMap((path) =>
        [...readProjectFile(path).matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)].map(([, to = ""]) => ({
          path,
          to: posix.join(posix.dirname(path), to),
        })),
      );
    expect(links).toContainEqual({ path: "README.md", to: "docs/benchmarks.md" });
    expect(links.filter(({ to }) => !files.has(to) && !folders.has(to))).toEqual([]);
  });
});

describe("the version", () => {
  it("is the same in package.json and at the top of CHANGELOG.md", () => {
    const { version }: { version: string } = JSON.parse(readProjectFile("package.json"));
    const [, top] = /^## \[?([0-9][^\]\s]*)/m.exec(readProjectFile("CHANGELOG.md")) ?? [];
    expect(top).toBe(version);
  });
});
