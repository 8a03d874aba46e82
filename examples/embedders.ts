/**
 * Embed functions for `connect({ embed, model })`: with one, documents and queries are texts. Each takes the signal of the call
 * that it works for, and answers one embedding for each text.
 *
 *   await connect({ embed: fromLangChain(new OpenAIEmbeddings({ model })), model })
 *   await connect({ embed: fromAiSdk(embedMany, openai.embedding(model)), model })
 *   await connect({ embed: fromOllama({ model }), model })
 */
import type { Embed } from "vecferry";

/** By LangChain's `Embeddings` of any provider. They know no signal: an aborted call ends at once all the same. */
export function fromLangChain(embeddings: {
  embedDocuments(texts: string[]): Promise<number[][]>;
}): Embed {
  return (texts) => embeddings.embedDocuments(texts);
}

/** By `embedMany` of the AI SDK (the package `ai`) and one of its embedding models. */
export function fromAiSdk<Model>(
  embedMany: (request: {
    model: Model;
    values: string[];
    abortSignal?: AbortSignal;
  }) => Promise<{ embeddings: number[][] }>,
  model: Model,
): Embed {
  return async (values, { signal }) => {
    const request = { model, values, ...(signal === undefined ? {} : { abortSignal: signal }) };
    return (await embedMany(request)).embeddings;
  };
}

/** By an Ollama's `/api/embed`. */
export function fromOllama(options: { readonly model: string; readonly url?: string }): Embed {
  const { model, url = "http://127.0.0.1:11434" } = options;
  return async (input, { signal }) => {
    const answer = await fetch(new URL("/api/embed", url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model, input }),
      signal: signal ?? null,
    });
    if (!answer.ok) throw new Error(`Ollama answers ${answer.status}: ${await answer.text()}`);
    // What it holds is checked by vecferry: one list of finite numbers for each text.
    return ((await answer.json()) as { embeddings: number[][] }).embeddings;
  };
}
