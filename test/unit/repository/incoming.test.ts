/** What becomes of documents on their way into a store: each is taken as it was given, or refused in words that name the place. */
import { describe, expect, it } from "vitest";
import { openEmbedded } from "../../../src/adapters/qdrant/store.ts";
import type { DenseColumn, PointBatch } from "../../../src/model/record.ts";
import { divided, normsOf } from "../../../src/model/unit-vectors.ts";
import { StoreRepository } from "../../../src/repository/store-repository.ts";
import type { QdrantDistance } from "../../../src/repository/types.ts";
import { overridden } from "../../support/overridden.ts";

/** What the store is given of these documents, and which of them are refused. */
async function written(
  documents: readonly Record<string, unknown>[],
  { vectorSize = 2, distance = "cosine" as QdrantDistance } = {},
): Promise<{ batches: PointBatch[]; failed: readonly unknown[] }> {
  await using store = await openEmbedded(":memory:");
  const batches: PointBatch[] = [];
  await using repository = StoreRepository.over(
    overridden(store, { write: async (_, batch) => void batches.push(batch) }),
  );
  await repository.createCollectionOptimized({ name: "notes", vectorSize, distance });
  const { failed } = await repository.bulkUpsertDocuments("notes", {
    operationType: "upsert",
    tenantId: "a",
    documents: documents as never,
  });
  return { batches, failed };
}

/** Of one document of so many components. */
async function sent(embedding: readonly number[] | Float32Array, distance: QdrantDistance) {
  const { length: vectorSize } = embedding;
  const { batches } = await written([{ id: "1", embedding }], { vectorSize, distance });
  const [batch] = batches;
  return { vector: batch?.vectors.get("") as DenseColumn, norm: batch?.placement.norms[0] };
}

const vectors = [
  [3, 4],
  [1e-45, 0],
  [3.4e38, -3.4e38],
  [0.1, 0.2, 0.3],
  [-0, 1],
  [2 ** 24 + 1, 1 / 3],
];

describe("an embedding", () => {
  it.each(vectors)("(%#) is divided by its norm under cosine, to the bit", async (...list) => {
    const data = Float32Array.from(list);
    const column = { kind: "dense", dimension: data.length, data, present: null } as const;
    const norms = normsOf(column, 1);
    for (const given of [list, data]) {
      const { vector, norm } = await sent(given, "cosine");
      expect(vector.data).toEqual(divided(column, [0], norms));
      expect(norm).toBe(norms[0]);
    }
    expect(data).toEqual(Float32Array.from(list));
  });

  it.each(vectors)("(%#) is sent as it is under other distances", async (...list) => {
    for (const given of [list, Float32Array.from(list)]) {
      const { vector, norm } = await sent(given, "dot");
      expect([vector.data, norm]).toEqual([Float32Array.from(list), Number.NaN]);
    }
  });

  it.each([
    ["text", "E_INPUT", "embedding is no list of numbers."],
    [new Float64Array(2), "E_INPUT", "embedding is no list of numbers."],
    [[], "E_DIMENSION", "embedding is empty."],
    [[1, 2, 3], "E_DIMENSION", 'embedding has 3 components; collection "notes" has 2.'],
    [[1, "2"], "E_INPUT", "embedding[1] is no number."],
    [[1, 1e39], "E_INPUT", "embedding[1] is Infinity, and only finite numbers are held."],
    [Float32Array.of(NaN, 1), "E_INPUT", "embedding[0] is NaN, and only finite numbers are held."],
    [[0, -0], "E_INPUT", "embedding is zero and has no direction, so it has no cosine distance."],
  ])("%j is refused", async (embedding, code, reason) => {
    const { batches, failed } = await written([
      { id: "0", embedding: [3, 4] },
      { id: "1", embedding },
      { id: "2", embedding: [4, 3] },
    ]);
    expect(failed).toEqual([{ id: "1", code, reason }]);
    expect(batches.map(({ ids }) => ids)).toEqual([["0", "2"]]);
    const [batch] = batches;
    expect(batch?.vectors.get("")).toMatchObject({ data: Float32Array.of(0.6, 0.8, 0.8, 0.6) });
    expect(batch?.placement.norms).toEqual(Float64Array.of(5, 5));
  });
});

const cycle: unknown[] = [];
cycle.push(cycle);

describe("metadata", () => {
  it.each([
    [
      { b: 2n ** 70n, a: [1, 2.5, 1n, null, { c: "x" }] },
      '{"b":1180591620717411303424,"a":[1,2.5,1,null,{"c":"x"}]}',
    ],
    [
      { a: 2, b: undefined, c: -0, d: true, e: 'quo"te', f: null, g: {} },
      '{"a":2,"c":0,"d":true,"e":"quo\\"te","f":null,"g":{}}',
    ],
    // biome-ignore lint/suspicious/noSparseArray: a place of a list that nothing stands at is null
    [{ a: [1, , 2] }, '{"a":[1,null,2]}'],
    [Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    [{}, null],
    [undefined, null],
  ])("(%#) is the JSON that it stands for", async (metadata, text) => {
    const { batches, failed } = await written([{ id: "1", embedding: [1, 2], metadata }]);
    expect(failed).toEqual([]);
    expect(batches[0]?.payload.metadata).toEqual([text]);
  });

  it.each([
    [null, "metadata is no object."],
    [[1], "metadata is no object."],
    [new Map(), "metadata is neither text, number, boolean, null, list nor plain object."],
    [{ a: { b: [1, { c: NaN }] } }, "metadata.a.b[1].c is NaN, which JSON cannot hold."],
    [
      { a: [undefined] },
      "metadata.a[0] is neither text, number, boolean, null, list nor plain object.",
    ],
    [{ a: () => 1 }, "metadata.a is neither text, number, boolean, null, list nor plain object."],
    [
      { a: new Date(0) },
      "metadata.a is neither text, number, boolean, null, list nor plain object.",
    ],
    [{ a: "\ud800" }, "metadata.a is no well-formed text."],
    [{ a: { "\ud800": 1 } }, "metadata.a has a key that is no well-formed text."],
    [{ a: cycle }, `metadata.a${"[0]".repeat(50)} is nested deeper than 50.`],
  ])("(%#) that JSON does not hold is refused, and its place named", async (metadata, reason) => {
    const { failed } = await written([{ id: "1", embedding: [1, 2], metadata }]);
    expect(failed).toEqual([{ id: "1", code: "E_INPUT", reason }]);
  });
});

describe("a document", () => {
  it("is taken as it is when the call is made", async () => {
    await using store = await openEmbedded(":memory:");
    await using repository = StoreRepository.over(store);
    await repository.createCollectionOptimized({ name: "notes", vectorSize: 2 });
    const first = { id: "1", embedding: [1, 2], content: "then", metadata: { a: 1 } };
    const documents = [first, { ...first, id: "2" }];
    const operation = { operationType: "upsert" as const, tenantId: "a", documents };
    const writing = repository.bulkUpsertDocuments("notes", operation);
    Object.assign(first, { id: "3", embedding: [], content: "later", metadata: { a: 2 } });
    documents.length = 1;
    expect(await writing).toEqual({ totalProcessed: 2, failed: [] });
    const which = { tenantId: "a", ids: ["1", "2", "3"] };
    const found = await repository.getDocuments("notes", which);
    expect(found.map(({ id, content, metadata }) => [id, content, metadata])).toEqual([
      ["1", "then", { a: 1 }],
      ["2", "then", { a: 1 }],
    ]);
  });

  it("that is another one each time it is looked at is refused, and nothing is written", async () => {
    await using store = await openEmbedded(":memory:");
    await using repository = StoreRepository.over(store);
    await repository.createCollectionOptimized({ name: "notes", vectorSize: 2 });
    let looks = 0;
    const document = {
      get id() {
        looks += 1;
        return looks === 1 ? 7 : "1";
      },
      embedding: [1, 2],
    };
    const operation = { operationType: "upsert", tenantId: "a", documents: [document] };
    await expect(repository.bulkUpsertDocuments("notes", operation as never)).rejects.toMatchObject(
      { code: "E_INPUT", details: { field: "operation.documents" } },
    );
    expect(await repository.countDocuments("notes", { tenantId: "a" })).toBe(0);
  });
});
