import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { openQdrant } from "../../src/adapters/qdrant/index.ts";
import { plainPointId } from "../../src/model/point-id.ts";
import type { TargetStore } from "../../src/store/port.ts";
import { batchOf, testSpec } from "../../src/testing/target-records.ts";

const url = process.env["QDRANT_URL"] ?? "";
const apiKey = process.env["QDRANT_API_KEY"];
/** A Python that has langchain-qdrant and llama-index-vector-stores-qdrant. */
const python = process.env["FRAMEWORKS_PYTHON"] ?? "";

const records = [
  {
    id: "a",
    vector: [1, 0, 0],
    document: "hello é",
    metadata: '{"k":1,"f":2.5,"l":[1,2],"s":"x"}',
  },
  { id: "b", vector: [0.8, 0.6, 0], document: null, tenant: "acme" },
  { id: "c", vector: [0, 1, 0], document: "" },
];
const metadata = { k: 1, f: 2.5, l: [1, 2], s: "x" };

async function write(store: TargetStore, layout: "langchain" | "llamaindex"): Promise<string> {
  const spec = testSpec({ layout, distance: "cosine" });
  await store.ensure(spec);
  await store.write(spec, batchOf(records));
  return spec.name;
}

describe.skipIf(url === "" || python === "")(
  "layouts read by the frameworks themselves (needs QDRANT_URL and FRAMEWORKS_PYTHON)",
  () => {
    it("gives LangChain its documents, and LlamaIndex its nodes, by search, id and filter", async () => {
      await using store = await openQdrant({ url }, { apiKey });
      const names = [await write(store, "langchain"), await write(store, "llamaindex")];
      const script = "test/support/read-by-frameworks.py";
      const words = execFileSync(python, [script, url, apiKey ?? "", ...names], {
        encoding: "utf8",
      });
      for (const collection of await store.collections()) {
        if (names.includes(collection.name)) await store.remove(collection, { everything: true });
      }
      const [a, b, c] = records.map(({ id }) => plainPointId(id));
      expect(JSON.parse(words.trim().split("\n").at(-1) ?? "")).toEqual({
        langchain: [
          { text: "hello é", metadata },
          { text: "", metadata: {} },
          { text: "", metadata: {} },
        ],
        llamaindex: [
          { id: a, text: "hello é", metadata },
          { id: b, text: "", metadata: {} },
          { id: c, text: "", metadata: {} },
        ],
        filtered: [a],
        byId: [a],
      });
    });
  },
);
