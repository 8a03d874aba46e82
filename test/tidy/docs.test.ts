import { describe, expect, it } from "vitest";
import { pages } from "../../scripts/pages.ts";
import { errorCodes } from "../../src/errors.ts";
import { readProjectFile, sourcesBelow } from "../support/files.ts";

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

describe("the version", () => {
  it("is the same in package.json and at the top of CHANGELOG.md", () => {
    const { version }: { version: string } = JSON.parse(readProjectFile("package.json"));
    const [, top] = /^## \[?([0-9][^\]\s]*)/m.exec(readProjectFile("CHANGELOG.md")) ?? [];
    expect(top).toBe(version);
  });
});
