/** A collection that the command has migrated is searched by the frameworks themselves, with nothing in between. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Embeddings } from "@langchain/core/embeddings";
import { QdrantVectorStore } from "@langchain/qdrant";
import { QdrantClient } from "@qdrant/js-client-rest";
import { describe, expect, it } from "vitest";
import { addRecords, makeCollection, newPlace } from "../support/chroma-fill.ts";
import { chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { runCli, temporaryFolder, unpackChroma } from "../support/cli.ts";
import { projectRoot } from "../support/files.ts";
import { recordedAnswers } from "../support/fixtures.ts";
import { type QdrantPlace, qdrantKinds } from "../support/qdrant-places.ts";

/** A Python that has langchain-qdrant and llama-index-vector-stores-qdrant. */
const python = process.env["FRAMEWORKS_PYTHON"] ?? "";
const noPython = python === "" ? " (FRAMEWORKS_PYTHON is not set)" : "";

/** The source: 96 records under cosine, as their Chroma answered them. */
const recorded = recordedAnswers("1.5.9").filter(({ name }) => name === "angles");
const records = recorded.flatMap(({ ids, embeddings, documents, metadatas }) =>
  ids.map((id, row) => ({
    id,
    vector: embeddings[row]?.map((component) => component ?? Number.NaN) ?? [],
    text: documents[row] ?? "",
    metadata: JSON.parse(metadatas[row] ?? "null") ?? {},
  })),
);
/** One that has a text of its own in its metadata. */
const wanted = records.find(({ metadata }) => metadata.s !== undefined) ?? records[0];

/** A model that always gives the vector of one record. */
class OneVector extends Embeddings {
  readonly #vector: number[];

  constructor(vector: number[]) {
    super({});
    this.#vector = vector;
  }

  async embedDocuments(texts: string[]): Promise<number[][]> {
    return texts.map(() => this.#vector);
  }

  async embedQuery(): Promise<number[]> {
    return this.#vector;
  }
}

/** Migrates with this layout and these words of the command line; gives the target collection. */
async function migrate(place: QdrantPlace, layout: string, words: string[], cwd: string) {
  const target = place.unique(`layout-${layout}`);
  const [source = "", ...flags] = words;
  const shape = ["--layout", layout, "--target-collection", target];
  const all = ["migrate", source, place.url, ...shape, ...flags];
  const ended = await runCli(all, { cwd, env: place.env });
  expect(ended).toMatchObject({ status: 0, stderr: "" });
  return target;
}

async function migrateAngles(place: QdrantPlace, layout: string): Promise<string> {
  using folder = temporaryFolder();
  const source = `${unpackChroma("1.5.9", folder.path)}?tenant=default_tenant`;
  return await migrate(place, layout, [source, "--include", "angles"], folder.path);
}

const apiKey = (place: QdrantPlace): string => place.headers["api-key"] ?? "";

function clientOf({ url, headers }: QdrantPlace): QdrantClient {
  const key = headers["api-key"];
  return new QdrantClient({ url, checkCompatibility: false, ...(key && { apiKey: key }) });
}

/** What a script prints, as its last line; this process goes on serving meanwhile. */
async function runPython(words: string[]) {
  const { stdout } = await promisify(execFile)(python, words);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

/** The `k` nearest to a vector, and those of them whose metadata has `s` under the key `s`. */
function searchByPython(
  place: QdrantPlace,
  framework: string,
  collection: string,
  { vector, s, k }: { vector: number[]; s: string; k: number },
) {
  const asked = [JSON.stringify(vector), String(k), "s", JSON.stringify(s)];
  const script = "test/support/search-by-frameworks.py";
  return runPython([script, framework, place.url, apiKey(place), collection, ...asked]);
}

const search = { vector: wanted?.vector ?? [], s: wanted?.metadata.s, k: 3 };

/** The first block of code in a language below a heading of docs/layouts.md. */
function snippet(heading: string, language: string): string {
  const page = readFileSync(join(projectRoot, "docs/layouts.md"), "utf8");
  const section = page.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? "";
  const [, code] = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "m").exec(section) ?? [];
  if (code === undefined) throw new Error(`docs/layouts.md has no ${language} for ${heading}.`);
  return code;
}

const even = ({ metadata }: (typeof records)[number]): boolean => metadata.even === true;
/** LlamaIndex filters by numbers and texts alone. */
const small = ({ metadata }: (typeof records)[number]): boolean => metadata.n < 48;

/** Text and number of the three records nearest to the wanted one that fit a filter. */
function nearest(fits: typeof even): unknown[] {
  const product = (one: number[], other: number[]): number =>
    one.reduce((sum, component, at) => sum + component * (other[at] ?? 0), 0);
  const cosine = ({ vector }: { vector: number[] }): number =>
    product(vector, search.vector) / Math.sqrt(product(vector, vector));
  return records
    .filter(fits)
    .sort((one, other) => cosine(other) - cosine(one))
    .slice(0, 3)
    .map(({ text, metadata }) => [text, metadata.n]);
}

describe.each(qdrantKinds)("a migrated collection at the $name", ({ skip, start }) => {
  it.skipIf(skip)("is LangChain.js's own, found and filtered by metadata", async () => {
    await using place = await start();
    const collectionName = await migrateAngles(place, "langchain");
    const store = new QdrantVectorStore(new OneVector(wanted?.vector ?? []), {
      client: clientOf(place),
      collectionName,
      contentPayloadKey: "page_content",
    });
    const [nearest] = await store.similaritySearch("anything", 3);
    expect(nearest).toMatchObject({ pageContent: wanted?.text, metadata: wanted?.metadata });
    const filter = { must: [{ key: "metadata.even", match: { value: true } }] };
    const even = await store.similaritySearchWithScore("anything", 100, filter);
    const all = records.filter(({ metadata }) => metadata.even === true);
    expect(even.map(([{ metadata }]) => metadata["n"]).sort()).toEqual(
      all.map(({ metadata }) => metadata["n"]).sort(),
    );
    expect(even[0]?.[1]).toBeCloseTo(1, 5);
  });

  it.skipIf(skip)("is flat to the plain client, filtered by a key of the metadata", async () => {
    await using place = await start();
    const name = await migrateAngles(place, "flat");
    const client = clientOf(place);
    const { points } = await client.query(name, {
      query: wanted?.vector ?? [],
      filter: { must: [{ key: "n", match: { value: wanted?.metadata.n } }] },
      with_payload: true,
    });
    expect(points).toHaveLength(1);
    expect(points[0]?.payload).toMatchObject({ ...wanted?.metadata, document: wanted?.text });
  });

  it.skipIf(skip || python === "")(`is LangChain's own in Python${noPython}`, async () => {
    await using place = await start();
    const seen = await searchByPython(
      place,
      "langchain",
      await migrateAngles(place, "langchain"),
      search,
    );
    expect(seen.found).toHaveLength(3);
    const { text, metadata } = wanted ?? {};
    expect(seen.found[0]).toEqual({ text, metadata });
    expect(seen.filtered).toEqual([{ text, metadata }]);
  });

  it.skipIf(skip || python === "")(`is LlamaIndex's own in Python${noPython}`, async () => {
    await using place = await start();
    const seen = await searchByPython(
      place,
      "llamaindex",
      await migrateAngles(place, "llamaindex"),
      search,
    );
    expect(seen.found).toHaveLength(3);
    const { text, metadata } = wanted ?? {};
    expect(seen.found[0]).toMatchObject({ text, metadata });
    expect(seen.filtered).toMatchObject([{ text, metadata }]);
    expect(seen.byId).toEqual(seen.asked);
  });

  it.skipIf(skip).each(["vecferry", "flat", "langchain"])(
    "is read by the JavaScript that docs/layouts.md has for %s",
    async (layout) => {
      await using place = await start();
      const collectionName = await migrateAngles(place, layout);
      const known = { url: place.url, apiKey: apiKey(place) || undefined, collectionName };
      const code = [
        `const { url, apiKey, collectionName } = ${JSON.stringify(known)};`,
        `const vector = ${JSON.stringify(search.vector)};`,
        "const embeddings = { embedQuery: async () => vector };",
        snippet(layout, "js"),
        "console.log(JSON.stringify(found));",
      ];
      const words = ["--input-type=module", "-e", code.join("\n")];
      const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: projectRoot });
      expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toEqual(nearest(even));
    },
  );

  it.skipIf(skip || python === "").each([
    ["langchain", even],
    ["llamaindex", small],
  ] as const)(
    `is read by the Python that docs/layouts.md has for %s${noPython}`,
    async (layout, fits) => {
      await using place = await start();
      const collectionName = await migrateAngles(place, layout);
      const known = [place.url, apiKey(place) || null, collectionName, search.vector];
      const code = [
        "import json",
        "from langchain_core.embeddings import Embeddings",
        `url, api_key, collection_name, vector = json.loads(${JSON.stringify(JSON.stringify(known))})`,
        "class OneVector(Embeddings):",
        "    def embed_documents(self, texts): return [vector for _ in texts]",
        "    def embed_query(self, text): return vector",
        "embeddings = OneVector()",
        snippet(layout, "python"),
        "print(json.dumps(found))",
      ];
      expect(await runPython(["-c", code.join("\n")])).toEqual(nearest(fits));
    },
  );

  const noChroma = chromaAvailable("1.5.9", true);
  const lacking = noChroma === null ? noPython : ` (${noChroma})`;
  it.skipIf(skip || python === "" || noChroma !== null)(
    `has the nodes that LlamaIndex wrote into Chroma, the same nodes${lacking}`,
    async () => {
      const nodes = await runPython(["test/support/make-llama-records.py"]);
      await using server = await startChroma({ version: "1.5.9" });
      const at = await newPlace(server);
      const key = await makeCollection(server, at, "nodes", { "hnsw:space": "cosine" });
      const written = nodes.map(
        (node: { id: string; text: string; metadata: string }, n: number) => ({
          ...node,
          document: node.text,
          uri: null,
          vector: [Math.cos(n), Math.sin(n), 0.5],
        }),
      );
      await addRecords(server, at, key, written);
      await using place = await start();
      using folder = temporaryFolder();
      const address = `${server.url.replace("http", "chroma")}/${at.tenant}/${at.database}`;
      const target = await migrate(place, "llamaindex", [address], folder.path);
      const nearest = { vector: written[0].vector, s: "Bericht", k: nodes.length };
      const seen = await searchByPython(place, "llamaindex", target, nearest);
      expect(seen.found[0].id).toBe(nodes[0].id);
      expect(seen.found).toHaveLength(nodes.length);
      for (const { id, text, own, fields } of nodes) {
        const found = seen.found.find((one: { id: string }) => one.id === id);
        expect(found).toMatchObject({ id, text, metadata: own });
        // LlamaIndex itself reads a Document back as a TextNode.
        if (fields.class_name !== "Document") expect(found.fields).toEqual(fields);
      }
      expect(seen.filtered).toMatchObject([{ id: nodes[0].id, text: nodes[0].text }]);
      expect(seen.byId).toEqual(seen.asked);
    },
  );
});
