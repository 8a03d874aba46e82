/** One tenant's LangChain.js store behind HTTP, for tests that are written in another language. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Document } from "@langchain/core/documents";
import { z } from "zod";
import type { LangChainVectorStore } from "../../src/repository/langchain-types.ts";
import type { VectorService } from "../../src/repository/service.ts";

const requestSchema = z.discriminatedUnion("call", [
  z.object({
    call: z.literal("add"),
    vectors: z.array(z.array(z.number())),
    documents: z.array(
      z.object({
        id: z.string().nullable(),
        pageContent: z.string(),
        metadata: z.record(z.string(), z.unknown()),
      }),
    ),
    ids: z.array(z.string()).nullable(),
  }),
  z.object({ call: z.literal("delete"), ids: z.array(z.string()) }),
  z.object({ call: z.literal("get"), ids: z.array(z.string()) }),
  z.object({ call: z.literal("search"), query: z.array(z.number()), k: z.number() }),
  z.object({ call: z.literal("empty") }),
]);

/** Where it answers, until it is closed. */
export interface Bridge extends AsyncDisposable {
  readonly url: string;
}

export async function openBridge(
  service: VectorService,
  store: LangChainVectorStore,
): Promise<Bridge> {
  const server = createServer((request, response) => {
    text(request)
      .then((body) => answer(service, store, body))
      .then(
        (found) => response.end(JSON.stringify(found ?? null)),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  service: VectorService,
  store: LangChainVectorStore,
  body: string,
): Promise<unknown> {
  const asked = requestSchema.parse(JSON.parse(body));
  switch (asked.call) {
    case "add": {
      const documents = asked.documents.map(
        ({ id, ...rest }) => new Document(id === null ? rest : { id, ...rest }),
      );
      const options = asked.ids === null ? {} : { ids: asked.ids };
      return await store.addVectors(asked.vectors, documents, options);
    }
    case "delete":
      return await store.delete({ ids: asked.ids });
    case "get": {
      const documents = await service.get(asked.ids);
      return documents.map(({ id, content, metadata }) => ({ id, pageContent: content, metadata }));
    }
    case "search": {
      const found = await store.similaritySearchVectorWithScore(asked.query, asked.k);
      return found.map(([{ id, pageContent, metadata }]) => ({ id, pageContent, metadata }));
    }
    case "empty": {
      const ids: string[] = [];
      for await (const { id } of service.scan()) ids.push(id);
      return await service.delete({ ids });
    }
  }
}
