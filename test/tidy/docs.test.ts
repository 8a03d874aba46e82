import { describe, expect, it } from "vitest";
import { errorsPage } from "../../scripts/errors-page.ts";
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

  it("stand in docs/errors.md as the table has them (`npm run docs` writes it)", () => {
    expect(readProjectFile("docs/errors.md").replaceAll("\r\n", "\n")).toBe(errorsPage());
  });
});

describe("the version", () => {
  it("is the same in package.json and at the top of CHANGELOG.md", () => {
    const { version }: { version: string } = JSON.parse(readProjectFile("package.json"));
    const [, top] = /^## \[?([0-9][^\]\s]*)/m.exec(readProjectFile("CHANGELOG.md")) ?? [];
    expect(top).toBe(version);
  });
});
