/** Each block of code in these pages does what stands below it, the blocks of a page one after another in one folder. */
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { startServer } from "../../src/testing/server.ts";
import { type Block, blocksOf, isOldNode, PageFolder } from "../support/doc-blocks.ts";

const python = process.env["FRAMEWORKS_PYTHON"] ?? "";

/** Languages whose blocks are not run here, each with its reason. */
const leftOut: Readonly<Record<string, string>> = {
  ...(python === "" ? { python: " (FRAMEWORKS_PYTHON is not set)" } : {}),
  ...(isOldNode ? { ts: " (from Node 24 on)" } : {}),
};

/** The sections whose code is run, in their order, each with its language: so that none is left out unseen. */
const pages: Readonly<Record<string, readonly string[]>> = {
  "docs/embedded.md": [
    "In process: js",
    "In process: js",
    "Over HTTP: python",
    "Over HTTP: js",
    "In tests: ts",
    "Snapshots: js",
    "Leaving for a real server: js",
  ],
  "docs/repository.md": [
    "A first collection: js",
    "Bulk operations: js",
    "Searches: js",
    "Filters: ts",
    "Reading, counting, deleting: js",
  ],
  "docs/stores.md": ["A source of your own: js"],
};

describe.each(Object.entries(pages))("as it stands in %s", (page, sections) => {
  const { blocks, count } = blocksOf(page);
  const folder = new PageFolder();
  afterAll(() => folder[Symbol.dispose]());

  it("there is code in every section that promises some", () => {
    expect(blocks.map(({ section, language }) => `${section}: ${language}`)).toEqual(sections);
    expect(blocks).toHaveLength(count);
  });

  for (const block of blocks) {
    const left = leftOut[block.language];
    const runs = left === undefined ? it : it.skip;
    runs(`${block.section}, in ${block.language}${left ?? ""}`, async () => {
      // An empty server, but for Python's: that serves what the blocks before it have left.
      const isPython = block.language === "python";
      const data = isPython ? { path: join(folder.path, "data") } : {};
      await using server = await startServer(data);
      expect(await printed(folder, block, server.url)).toBe(block.prints);
    });
  }
});

function printed(folder: PageFolder, block: Block, url: string): Promise<string> {
  if (block.language !== "python") return folder.runNode(block, { QDRANT_URL: url });
  return folder.run(python, "block.py", block.code.replace("http://127.0.0.1:6333", url));
}
