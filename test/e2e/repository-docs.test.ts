/** Each block of code in docs/repository.md does what stands below it. */
import { afterAll, describe, expect, it } from "vitest";
import { blocksOf, isOldNode, PageFolder } from "../support/doc-blocks.ts";

const { blocks, count } = blocksOf("docs/repository.md");
const folder = new PageFolder();
afterAll(() => folder[Symbol.dispose]());

it("has code in every section that promises some", () => {
  expect(blocks.map(({ section, language }) => `${section}: ${language}`)).toEqual([
    "A first collection: js",
    "Bulk operations: js",
    "Searches: js",
    "Filters: ts",
    "Reading, counting, deleting: js",
  ]);
  expect(blocks).toHaveLength(count);
});

describe("as it stands in docs/repository.md", () => {
  for (const block of blocks) {
    const runs = block.language === "ts" && isOldNode ? it.skip : it;
    const from = block.language === "ts" ? " (from Node 24 on)" : "";
    runs(`${block.section}, in ${block.language}${from}`, async () => {
      expect(await folder.runNode(block)).toBe(block.prints);
    });
  }
});
