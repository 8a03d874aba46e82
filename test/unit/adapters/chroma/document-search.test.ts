import { expect, it } from "vitest";
import { searchDocuments } from "../../../../src/adapters/chroma/document-search.ts";
import { PageSize, serverQuotas } from "../../../../src/adapters/chroma/quotas.ts";
import { RecordSize } from "../../../../src/adapters/chroma/record-size.ts";
import type { Reach } from "../../../../src/adapters/chroma/selection.ts";

const quotas = serverQuotas(null);
const ours = { tenant_id: "acme", _vecferry: '{"id":"1"}' };
/** By id: a record of ours, and a nearer one that another program wrote under the tenant's name. */
const records = new Map([
  ["p1", { metadata: ours, embedding: [1, 1] }],
  ["p2", { metadata: { tenant_id: "acme" }, embedding: [0, 0] }],
]);

interface Asked {
  readonly verb: string;
  readonly body: { readonly ids?: string[]; readonly offset?: number };
  readonly parse: (bytes: Buffer) => unknown;
}

function answer({ verb, body }: Asked): object {
  if (verb === "query")
    return {
      ids: [["p2"]],
      distances: [[0]],
      documents: [[null]],
      metadatas: [[{ tenant_id: "acme" }]],
    };
  const ids = body.ids ?? ((body.offset ?? 0) === 0 ? [...records.keys()] : []);
  const found = ids.map((id) => records.get(id));
  return {
    ids,
    documents: ids.map(() => null),
    uris: ids.map(() => null),
    metadatas: found.map((each) => each?.metadata ?? null),
    embeddings: found.map((each) => each?.embedding),
  };
}

it("a record that another program wrote under a tenant's name is nobody's, and hides none of the tenant's", async () => {
  const ask = async (_collection: unknown, asked: Asked) =>
    asked.parse(Buffer.from(JSON.stringify(answer(asked))));
  const collection = { key: "k", name: "docs", dimension: 2, distance: "l2" };
  const reach = { calls: { ask, once: ask }, collection, quotas, signal: undefined };
  const hits = await searchDocuments(reach as unknown as Reach, {
    vector: Float32Array.of(0, 0),
    options: { limit: 1, tenant: "acme" },
    asked: { server: { tenant_id: { $eq: "acme" } }, here: null },
    tenanted: true,
    resultsMax: null,
    size: new RecordSize(new PageSize(quotas.recordsMax, false)),
  });
  expect(hits.map(({ id, distance }) => [id, distance])).toEqual([["1", 2]]);
});
