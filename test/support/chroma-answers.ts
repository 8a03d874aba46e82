/** What a Chroma holds, as the judge wants it: asked of a server by plain HTTP, or known because the test made it. */

import { collectionsUrl, type Place } from "./chroma-fill.ts";
import type { ChromaServer } from "./chroma-server.ts";
import { type Answers, readAnswers } from "./judge.ts";
import { madeId, madeVector } from "./make-folder.ts";

/** Every record of a collection, as its server's `get` answers. */
export async function askChroma(server: ChromaServer, place: Place, key: string): Promise<Answers> {
  const response = await fetch(collectionsUrl(server, place, `/${key}/get`), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"include":["embeddings","documents","metadatas","uris"]}',
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`get: ${response.status} ${text}`);
  const answers = readAnswers(`{"it":${text}}`).get("it");
  if (answers === undefined) throw new Error(`get: ${text}`);
  return answers;
}

/** The address of a place on a server, as the command takes it. */
export function chromaAddress(url: string, { tenant, database }: Place): string {
  return `${url.replace(/^http/, "chroma")}/${tenant}/${database}`;
}

/** The records of a folder that `makeFolder` wrote with its defaults. */
export function madeAnswers(records: number, dimension: number): Answers {
  const indexes = Array.from({ length: records }, (_, index) => index);
  const vector = new Float32Array(dimension);
  return {
    ids: indexes.map(madeId),
    embeddings: indexes.map((index) => {
      madeVector(index, vector);
      return [...vector];
    }),
    documents: indexes.map(() => null),
    metadatas: indexes.map((index) => ({ k0: { int: String(index) } })),
    uris: indexes.map(() => null),
  };
}

/** What a collection without fault looks like to the judge. */
export const faultless = { missing: [], extra: [], faults: [] };
