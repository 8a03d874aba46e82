/** Clients and frameworks that know Qdrant alone write to the embedded one and ask it, each by its own means. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Embeddings } from "@langchain/core/embeddings";
import { QdrantVectorStore } from "@langchain/qdrant";
import { QdrantClient } from "@qdrant/js-client-rest";
import { describe, expect, it } from "vitest";
import { clientRoads } from "../support/qdrant-clients.ts";
import { qdrantKinds } from "../support/qdrant-places.ts";

/** A Python that has qdrant-client, langchain-qdrant and llama-index-vector-stores-qdrant. */
const python = process.env["FRAMEWORKS_PYTHON"] ?? "";
const noPython = python === "" ? " (FRAMEWORKS_PYTHON is not set)" : "";

/** A model of circles: a text's vector is told by the number at its end. */
class Numbered extends Embeddings {
  constructor() {
    super({});
  }

  async embedDocuments(texts: string[]): Promise<number[][]> {
    return await Promise.all(texts.map((text) => this.embedQuery(text)));
  }

  async embedQuery(text: string): Promise<number[]> {
    const n = Number(/\d+$/.exec(text)?.[0] ?? 0);
    return [Math.cos(n), Math.sin(n), 0.5];
  }
}

/** As text, for these are more than a JavaScript number holds. */
const evens = [2, 0, 4].map((n) => [
  String(2n ** 64n - 1n - BigInt(n)),
  { n, kind: "even", seen: true, large: String(2n ** 63n - 1n - BigInt(n)) },
]);

/** What test/support/use-qdrant.py prints for each client. */
const answers = {
  qdrant: {
    fused: [String(2n ** 64n - 4n)],
    found: evens,
    ordered: [7, 6, 5],
    groups: [
      ["even", 3],
      ["odd", 3],
    ],
    facet: [0, 1, 2, 3, 4, 5, 6, 7],
    left: 4,
    exists: [true, false],
  },
  langchain: {
    found: ["text 5"],
    filtered: ["text 3"],
    byId: ["text 0", "text 1"],
    score: [["text 6", 1]],
    diverse: 3,
    left: 5,
  },
  llamaindex: {
    found: ["text 5"],
    filtered: ["text 3"],
    hybrid: ["text 6"],
    byId: ["text 0", "text 1"],
    left: 5,
  },
};

describe.each(qdrantKinds)("in Python, at the $name", ({ skip, start }) => {
  it.skipIf(skip || python === "").each(["qdrant", "langchain", "llamaindex"] as const)(
    `%s finds what it has written${noPython}`,
    async (client) => {
      await using place = await start();
      const { url, headers } = place;
      const words = [client, url, headers["api-key"] ?? "", place.unique(`used-by-${client}`)];
      const script = "test/support/use-qdrant.py";
      const { stdout } = await promisify(execFile)(python, [script, ...words]);
      expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toEqual(answers[client]);
    },
  );
});

describe.each(clientRoads)("LangChain.js, $road", ({ start }) => {
  it("makes a collection, and finds what it has written there", async () => {
    await using place = await start(QdrantClient);
    const texts = Array.from({ length: 8 }, (_, n) => `text ${n}`);
    const ids = texts.map((_, n) => `00000000-0000-0000-0000-00000000000${n}`);
    const documents = texts.map((pageContent, n) => ({ pageContent, metadata: { n } }));
    const settings = { client: place.client, collectionName: "texts" };
    const store = new QdrantVectorStore(new Numbered(), settings);
    await store.addDocuments(
      documents.map((document, n) => ({ ...document, id: ids[n] ?? "" })),
      { ids },
    );
    const [[nearest, score = 0] = []] = await store.similaritySearchWithScore("text 5", 1);
    expect(nearest).toMatchObject({ pageContent: "text 5", metadata: { n: 5 } });
    expect(score).toBeCloseTo(1, 5);
    const filter = { must: [{ key: "metadata.n", range: { lt: 4 } }] };
    const [found] = await store.similaritySearch("text 3", 1, filter);
    expect(found?.pageContent).toBe("text 3");
    await store.delete({ ids: ids.slice(0, 3) });
    expect(await place.client.count("texts")).toEqual({ count: 5 });
  });
});
