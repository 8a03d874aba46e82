/** Each embedder in front of a real collection, with a stand-in for the service behind it. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { Embeddings } from "@langchain/core/embeddings";
import { connect, type Embed } from "vecferry";
import { expect, it } from "vitest";
import { fromAiSdk, fromLangChain, fromOllama } from "./embedders.ts";
import { embedWords } from "./words.ts";

/** What any service would answer. */
const answer = async (texts: string[]) => (await embedWords(texts, {})).map((one) => [...one]);

/** Adds texts and finds one by another. */
async function addAndFind(embed: Embed, model: string): Promise<string | null | undefined> {
  await using connection = await connect({ url: ":memory:", embed, model });
  await connection.repository.createCollectionOptimized({ name: "notes", vectorSize: 64 });
  await using notes = connection.tenant("acme", { collection: "notes" });
  await notes.addDocuments([
    { id: "1", content: "looms and weaving" },
    { id: "2", content: "engines of steam" },
  ]);
  expect((await connection.repository.describeCollection("notes")).model).toBe(model);
  const [nearest] = await notes.semanticSearch({ query: "steam engines", nResults: 1 });
  return nearest?.document.content;
}

it("LangChain's Embeddings embed documents and queries", async () => {
  class Words extends Embeddings {
    embedDocuments = answer;
    embedQuery = async (text: string) => (await answer([text]))[0] ?? [];
  }
  expect(await addAndFind(fromLangChain(new Words({})), "words-64")).toBe("engines of steam");
});

it("the AI SDK's embedMany embeds documents and queries, with the signal", async () => {
  const asked: unknown[] = [];
  const embedMany = async (request: {
    model: { id: string };
    values: string[];
    abortSignal?: AbortSignal;
  }) => {
    asked.push([request.model.id, request.values.length, request.abortSignal?.aborted]);
    return { embeddings: await answer(request.values), usage: { tokens: 1 } };
  };
  const embed = fromAiSdk(embedMany, { id: "words-64" });
  expect(await addAndFind(embed, "words-64")).toBe("engines of steam");
  await embed(["x"], { signal: new AbortController().signal });
  expect(asked).toEqual([
    ["words-64", 2, undefined],
    ["words-64", 1, undefined],
    ["words-64", 1, false],
  ]);
});

it("an Ollama embeds documents and queries, and its errors are told", async () => {
  const server = createServer(async (request, response) => {
    const { model, input } = (await json(request)) as { model: string; input: string[] };
    if (request.url !== "/api/embed" || model !== "words-64")
      return response.writeHead(404).end('{"error":"model not found"}');
    return response.end(JSON.stringify({ model, embeddings: await answer(input) }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    expect(await addAndFind(fromOllama({ model: "words-64", url }), "words-64")).toBe(
      "engines of steam",
    );
    await expect(addAndFind(fromOllama({ model: "other", url }), "other")).rejects.toMatchObject({
      code: "E_EMBED",
      cause: { message: 'Ollama answers 404: {"error":"model not found"}' },
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
