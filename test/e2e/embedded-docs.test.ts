/** Each block of code in docs/embedded.md does what stands below it. */
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { startServer } from "../../src/testing/server.ts";
import { type Block, blocksOf, isOldNode, PageFolder } from "../support/doc-blocks.ts";

const python = process.env["FRAMEWORKS_PYTHON"] ?? "";
const noPython = python === "" ? " (FRAMEWORKS_PYTHON is not set)" : "";
const { blocks, count } = blocksOf("docs/embedded.md");
const folder = new PageFolder();
afterAll(() => folder[Symbol.dispose]());

it("has code in every section that promises some", () => {
  expect(blocks.map(({ section, language }) => `${section}: ${language}`)).toEqual([
    "In process: js",
    "In process: js",
    "Over HTTP: python",
    "Over HTTP: js",
    "In tests: ts",
    "Snapshots: js",
    "Leaving for a real server: js",
  ]);
  expect(blocks).toHaveLength(count);
});

const inLanguage = (wanted: string): Block[] =>
  blocks.filter(({ language }) => language === wanted);

describe("as it stands in docs/embedded.md", () => {
  it.each(inLanguage("js"))("$section, in JavaScript", async (block) => {
    await using server = await startServer();
    expect(await folder.runNode(block, { QDRANT_URL: server.url })).toBe(block.prints);
  });

  it.skipIf(isOldNode).each(inLanguage("ts"))(
    "$section, in TypeScript (from Node 24 on)",
    async (block) => {
      expect(await folder.runNode(block, {})).toBe(block.prints);
    },
  );

  it.skipIf(python === "").each(inLanguage("python"))(
    `$section, in Python${noPython}`,
    async ({ code, prints }) => {
      await using server = await startServer({ path: join(folder.path, "data") });
      const there = code.replace("http://127.0.0.1:6333", server.url);
      expect(await folder.run(python, "block.py", there)).toBe(prints);
    },
  );
});
