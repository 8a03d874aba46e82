/** What every target must do when it is searched. */
import assert from "node:assert/strict";
import { layouts } from "../model/collection.ts";
import type { TestKit } from "./kit.ts";
import { type TargetSuiteOptions, withBench } from "./target-bench.ts";
import { type TestRecord, testSpec } from "./target-records.ts";

/** Values that are mistaken for one another. */
const valued: readonly TestRecord[] = [
  '{"kind":"a","n":2,"flag":true,"a.b":"dotted"}',
  '{"kind":"b","n":2.0,"flag":false}',
  '{"kind":"A","n":"2","flag":"true"}',
  '{"n":9007199254740993,"sp ace":-5}',
  '{"n":9007199254740992}',
].map((metadata, index) => ({ id: `v${index}`, vector: [1, index], metadata }));

/** A key, a value, and who has it. */
const valuesAsked: readonly (readonly [string, string | bigint | boolean, string[]])[] = [
  ["kind", "a", ["v0"]],
  ["n", 2n, ["v0"]],
  ["n", "2", ["v2"]],
  ["n", 9007199254740993n, ["v3"]],
  ["flag", false, ["v1"]],
  ["flag", true, ["v0"]],
  ["a.b", "dotted", ["v0"]],
  ["sp ace", -5n, ["v3"]],
  ["kind", "none", []],
];

export function searches({ describe, it }: TestKit, options: TargetSuiteOptions): void {
  const records = [
    { id: "near", vector: [0.8, 0.6], document: "the near one", tenant: "acme" },
    { id: "far", vector: [-1, 0], tenant: "acme" },
    { id: "nearest", vector: [1, 0], tenant: "other" },
  ];
  const query = Float32Array.of(1, 0);

  describe("search", () => {
    for (const [distance, near] of [
      ["cosine", 0.2],
      ["ip", 0.2],
      ["l2", 0.4],
    ] as const) {
      it(`answers Chroma's distances under ${distance}, nearest first`, () =>
        withBench(options, testSpec({ dimension: 2, distance }), async ({ store, info, write }) => {
          await write(...records);
          const hits = await store.search(await info(), query, { limit: 2 });
          assert.deepEqual(
            hits.map(({ id }) => id),
            ["nearest", "near"],
          );
          assert.deepEqual(hits[1]?.document, "the near one");
          assert.deepEqual(
            hits.map((hit) => Math.round(hit.distance * 1e5) / 1e5),
            [0, near],
          );
        }));
    }

    it("answers one tenant's records only", () => {
      const spec = testSpec({ dimension: 2, distance: "cosine", tenanted: true });
      return withBench(options, spec, async ({ store, info, write }) => {
        await write(...records);
        const hits = await store.search(await info(), query, { limit: 10, tenant: "acme" });
        assert.deepEqual(
          hits.map(({ id }) => id),
          ["near", "far"],
        );
      });
    });

    for (const layout of layouts) {
      it(`answers the records with a value of the metadata only, type for type, in layout ${layout}`, () => {
        const spec = testSpec({ dimension: 2, distance: "cosine", layout });
        return withBench(options, spec, async ({ store, info, write }) => {
          await write(...valued);
          for (const [key, value, ids] of valuesAsked) {
            for (const exact of [true, false]) {
              const asked = { limit: 10, filter: [{ key, value }], exact };
              const hits = await store.search(await info(), query, asked);
              assert.deepEqual(hits.map(({ id }) => id).sort(), ids, `${key} = ${value}`);
            }
          }
        });
      });
    }

    it("answers one collection's records only, where several are merged", () =>
      withBench(options, testSpec({ dimension: 2, distance: "l2" }), async (bench) => {
        await bench.write(
          { id: "a", vector: [1, 0], collection: "one" },
          { id: "b", vector: [1, 0], collection: "other" },
        );
        const asked = { limit: 10, collection: "other" };
        const hits = await bench.store.search(await bench.info(), query, asked);
        assert.deepEqual(
          hits.map(({ id }) => id),
          ["b"],
        );
      }));

    it("answers the same with the documents left out, and when it is asked exactly", () =>
      withBench(options, testSpec({ dimension: 2, distance: "ip" }), async (bench) => {
        await bench.write(...records);
        const { store } = bench;
        const info = await bench.info();
        const whole = await store.search(info, query, { limit: 3 });
        assert.deepEqual(await store.search(info, query, { limit: 3, exact: true }), whole);
        assert.deepEqual(
          await store.search(info, query, { limit: 3, documents: false }),
          whole.map((hit) => ({ ...hit, document: null })),
        );
      }));
  });
}
