/** Reading from a scripted Chroma server. */
import { expect } from "vitest";
import { openChroma } from "../../src/adapters/chroma/index.ts";
import type { CollectionInfo } from "../../src/model/collection.ts";
import { denseVector } from "../../src/model/vector-column.ts";
import type { SourceStore } from "../../src/store/port.ts";
import { type Stub, type StubRequest, startStub } from "./stub.ts";
import {
  type Intercept,
  type StubChroma,
  type StubRecord,
  stubChroma,
  stubKey,
} from "./stub-chroma.ts";

export interface Scene {
  readonly store: SourceStore;
  readonly stub: Stub;
  readonly info: CollectionInfo;
  readonly retries: string[];
  /** Bodies of the gets since the store was opened. */
  gets(): unknown[];
}

/** Opens a store on a scripted server, whose faults begin after that. */
export async function withChroma(
  script: StubChroma,
  run: (scene: Scene) => Promise<void>,
  timeoutMs = 2000,
): Promise<void> {
  let begun = false;
  const intercept: Intercept = (...all) => (begun ? script.intercept?.(...all) : undefined);
  await using stub = await startStub(stubChroma({ ...script, intercept }));
  const retries: string[] = [];
  await using store = await openChroma(
    { kind: "chroma", url: stub.url, tenant: null, database: null },
    { timeoutMs, onRetry: ({ code }) => retries.push(code) },
  );
  const [info] = await store.collections();
  if (info === undefined) throw new Error("no collection");
  const opened = stub.requests.length;
  begun = true;
  const gets = (): unknown[] =>
    stub.requests
      .slice(opened)
      .filter(({ path }) => path.endsWith("/get"))
      .map(({ body }) => body);
  await run({ store, stub, info, retries, gets });
}

/** Whether a request asks for records or ids. */
export const isGet = ({ path }: StubRequest): boolean => path.endsWith(`/${stubKey}/get`);
/** The ids that a request names. */
export const askedIds = ({ body }: StubRequest): string[] => {
  const ids: unknown = typeof body === "object" && body !== null && "ids" in body ? body.ids : [];
  return Array.isArray(ids) ? ids.map(String) : [];
};

/** Records whose vector tells whose it is: component 0 is the number in the id. */
export function numbered(count: number, without: readonly number[] = []): StubRecord[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `r${n}`,
    embedding: without.includes(n) ? null : [n, 1],
    document: `document ${n}`,
    metadata: { n },
  }));
}
export const keysOf = (records: readonly StubRecord[]): string[] => records.map(({ id }) => id);

/** Reads all records and checks that each has its own vector, document and metadata. */
export async function readAll({ store, info }: Scene, records: readonly StubRecord[]) {
  const result = await store.read(info, keysOf(records));
  const data = denseVector(result.batch)?.data ?? [];
  for (const [row, id] of result.batch.ids.entries()) {
    const n = Number(id.slice(1));
    expect([
      data[row * 2],
      result.batch.payload.documents[row],
      result.batch.payload.metadata[row],
    ]).toEqual([n, `document ${n}`, `{"n":${n}}`]);
  }
  return result;
}

export async function collect(chunks: AsyncIterable<string[]>): Promise<string[][]> {
  const all: string[][] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}
