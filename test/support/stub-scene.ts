/** A scripted Chroma with several collections, each with its own uuid and records. */

import type { StubHandler } from "./stub.ts";
import { type StubRecord, stubChroma, stubKey } from "./stub-chroma.ts";

/** A handler for `startStub`: every name is a collection of cosine vectors. */
export function stubCollections(
  collections: ReadonlyMap<string, readonly StubRecord[]>,
): StubHandler {
  const infos = [...collections].map(([name, records], index) => ({
    id: stubKey.replace(/^1/, String(index + 2)),
    name,
    metadata: null,
    configuration_json: { hnsw: { space: "cosine" } },
    dimension: records[0]?.embedding?.length ?? null,
  }));
  return (request, response) => {
    const info = infos.find(({ id }) => request.path.includes(id));
    const records = collections.get(info?.name ?? "") ?? [];
    const path = info === undefined ? request.path : request.path.replace(info.id, stubKey);
    return stubChroma({ api: "v2", records, collections: infos })({ ...request, path }, response);
  };
}

/** Records `prefix-0` … with vectors of `dimension` that all differ. */
export function stubRecords(prefix: string, count: number, dimension: number): StubRecord[] {
  return Array.from({ length: count }, (_, row) => ({
    id: `${prefix}-${row}`,
    embedding: Array.from({ length: dimension }, (_, i) => Math.fround(Math.sin(row * 7 + i + 1))),
    document: `Document ${row} of ${prefix}.`,
    metadata: { row, half: row + 0.5 },
  }));
}
