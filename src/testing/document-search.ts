/** What every store of documents must do when it is searched. */
import assert from "node:assert/strict";
import { distances } from "../model/distance.ts";
import {
  type DocumentSuiteOptions,
  documentSpec,
  type TestDocument,
  withDocuments,
} from "./document-bench.ts";
import type { SkippingKit } from "./kit.ts";

const createdAt = "2026-11-22T02:30:00.000Z";
const query = Float32Array.of(1, 0, 0);
/** Of unit length, and so of the same order under every distance. */
const documents: readonly TestDocument[] = [
  { id: "far", tenant: "acme", vector: [-1, 0, 0], metadata: '{"k":"a"}' },
  { id: "near", tenant: "acme", vector: [0.8, 0.6, 0], metadata: '{"k":"b"}', createdAt },
  { id: "nearest", tenant: "other", vector: [1, 0, 0], metadata: '{"k":"a"}' },
  { id: "nearer", tenant: "acme", vector: [0.96, 0.28, 0], metadata: '{"k":"a"}' },
];
/** Of `nearer` and `near`, in Chroma's terms. */
const wanted = { cosine: [0.04, 0.2], ip: [0.04, 0.2], l2: [0.08, 0.4] } as const;

export function documentSearches({ describe, it }: SkippingKit, options: DocumentSuiteOptions) {
  describe("search", () => {
    for (const distance of distances) {
      it(`finds the nearest of a tenant's under ${distance}, in Chroma's terms, nearest first`, () =>
        withDocuments(options, documentSpec({ distance }), async ({ store, info, write }) => {
          await write(documents);
          const hits = await store.search(await info(), query, { tenant: "acme", limit: 2 });
          assert.deepEqual(
            hits.map(({ id }) => id),
            ["nearer", "near"],
          );
          assert.deepEqual(
            hits.map((hit) => Math.round(hit.distance * 1e5) / 1e5),
            wanted[distance],
          );
        }));
    }

    it("answers what was asked for, and nothing else", () =>
      withDocuments(options, documentSpec(), async ({ store, info, write }) => {
        await write(documents);
        const where = { key: "k", operator: "$eq", operands: ["b"] } as const;
        const asked = { tenant: "acme", where, limit: 5 };
        const only = async (wants: object): Promise<object | undefined> => {
          const hits = await store.search(await info(), query, { ...asked, ...wants });
          assert.equal(hits.length, 1);
          const { id, document, tenant, metadata, createdAt: time, vector } = hits[0] ?? {};
          return { id, document, tenant, metadata, time, vector: vector && Array.from(vector) };
        };
        const bare = { id: "near", document: "text", vector: null };
        const noted = { tenant: "acme", metadata: { k: "b" }, time: createdAt };
        const unnoted = { tenant: null, metadata: null, time: null };
        const components = Array.from(Float32Array.of(0.8, 0.6, 0));
        assert.deepEqual(await only({}), { ...bare, ...unnoted });
        assert.deepEqual(await only({ metadata: true }), { ...bare, ...noted });
        assert.deepEqual(await only({ documents: false, metadata: true }), {
          ...bare,
          ...noted,
          document: null,
        });
        assert.deepEqual(await only({ documents: false, vectors: true }), {
          ...bare,
          ...unnoted,
          document: null,
          vector: components,
        });
      }));

    it("finds the same when it compares with every record, and when it takes more than are wanted", () =>
      withDocuments(options, documentSpec(), async ({ store, info, write }) => {
        await write(documents);
        const asked = { tenant: "acme", limit: 2, metadata: true };
        const hits = await store.search(await info(), query, asked);
        const exact = await store.search(await info(), query, { ...asked, exact: true });
        const rescoring = { oversampling: 2 };
        const rescored = await store.search(await info(), query, { ...asked, rescoring });
        assert.deepEqual([exact, rescored], [hits, hits]);
      }));

    it("answers nothing where a tenant has nothing, or fewer than are wanted", () =>
      withDocuments(options, documentSpec(), async ({ store, info, write }) => {
        const collection = await info();
        assert.deepEqual(await store.search(collection, query, { tenant: "acme", limit: 3 }), []);
        await write(documents);
        assert.deepEqual(await store.search(collection, query, { tenant: "none", limit: 3 }), []);
        const hits = await store.search(collection, query, { tenant: "other", limit: 3 });
        assert.deepEqual(
          hits.map(({ id }) => id),
          ["nearest"],
        );
      }));
  });
}
