/** A filter finds in a Qdrant what `matches` finds, whatever is asked of whatever metadata. */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { openEmbedded, openQdrant } from "../../src/adapters/qdrant/store.ts";
import type { Layout, PayloadIndex } from "../../src/model/collection.ts";
import {
  decodeMetadata,
  matches,
  parseWhere,
  type Where,
  type WhereScalar,
} from "../../src/model/filter.ts";
import type { DocumentStore } from "../../src/store/documents.ts";
import { documentSpec, documentsOf, findNamed } from "../../src/testing/document-bench.ts";
import { stringifyLossless } from "../../src/util/json.ts";
import { realGrpcPort } from "../support/qdrant-places.ts";

const keys = ["k", "n", "b", "a.b", "sp ace", "", "日本", "[]", "k[]", "-1"];
const texts = ["a", "A", "", "2", "true", "日本語", "a'b"];
const integers = [-9007199254740993n, -2n, 0n, 1n, 2n, 3n, 9007199254740993n];
const floats = [-2.5, -0.5, 0.5, 1, 2, 2.5, 2.000001];
const scalar = fc.oneof(
  fc.constantFrom(...texts),
  fc.constantFrom(...integers),
  fc.constantFrom(...floats),
  fc.boolean(),
);
const value = fc.oneof(
  { weight: 5, arbitrary: scalar },
  {
    weight: 2,
    arbitrary: fc.array(fc.oneof(scalar, fc.array(scalar, { maxLength: 2 })), { maxLength: 3 }),
  },
  fc.constant(null),
  fc.constant({ a: "a" }),
);
const metadata = fc
  .dictionary(fc.constantFrom(...keys), value, { maxKeys: 5 })
  .map((members) => stringifyLossless(members));

/** Bounds are compared as float64 by a server, so that they stay below 2^53. */
const bound = fc.oneof(fc.constantFrom(...floats), fc.constantFrom(-2n, 0n, 1n, 2n, 3n));
/** As an application gives numbers: the integral one may be an integer, or either. */
const operand: fc.Arbitrary<WhereScalar> = scalar;
const ofOneType = fc
  .array(operand, { minLength: 1, maxLength: 4 })
  .map((operands) => operands.filter((one) => kind(one) === kind(operands[0])));
const kind = (one: unknown) => (typeof one === "bigint" ? "number" : typeof one);

const comparison = fc
  .tuple(
    fc.constantFrom(...keys),
    fc.oneof(
      fc.tuple(fc.constantFrom("$eq", "$ne", "$contains", "$not_contains"), operand),
      fc.tuple(fc.constantFrom("$gt", "$gte", "$lt", "$lte"), bound),
      fc.tuple(fc.constantFrom("$in", "$nin"), ofOneType),
    ),
  )
  .map(([key, [operator, operands]]): unknown => ({ [key]: { [operator]: operands } }));
const where: fc.Arbitrary<unknown> = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 4, arbitrary: comparison },
    fc
      .tuple(fc.constantFrom("$and", "$or"), fc.array(tie("node"), { maxLength: 3 }))
      .map(([name, clauses]): unknown => ({ [name]: clauses })),
  ),
})).node;

const runs = Number(process.env["VECFERRY_WHERE_RUNS"] ?? 300);
const seed = Number(process.env["VECFERRY_SEED"] ?? Date.now() % 2 ** 31);

function findsWhatMatchesFinds(name: string, open: () => Promise<DocumentStore>): void {
  describe(name, () => {
    const stores: DocumentStore[] = [];
    afterAll(async () => {
      for (const store of stores) await store[Symbol.asyncDispose]();
    });
    const indexed: readonly PayloadIndex[] = [
      { key: "metadata.k", type: "keyword" },
      { key: "metadata.n", type: "float" },
      { key: "metadata.b", type: "bool" },
    ];
    it.each<[string, Layout, readonly PayloadIndex[]]>([
      ["without an index", "vecferry", []],
      ["with indexes", "vecferry", indexed],
      ["at the top of the payload", "flat", []],
    ])(`finds the same %s (seed ${seed})`, async (_name, layout, indexes) => {
      const store = stores[0] ?? (await open());
      if (stores.length === 0) stores.push(store);
      const spec = documentSpec({ layout, indexes });
      const written = fc.sample(metadata, { seed, numRuns: 60 }).map((text, row) => ({
        id: `d${row}`,
        tenant: row % 4 === 0 ? "other" : "acme",
        metadata: text,
      }));
      await store.ensure(spec);
      await store.write(spec, documentsOf(written));
      const info = await findNamed(store, spec.name);
      const ours = written.filter(({ tenant }) => tenant === "acme");
      try {
        await fc.assert(
          fc.asyncProperty(where, async (json) => {
            const asked: Where = parseWhere(json);
            const found: string[] = [];
            for await (const { ids } of store.scan(info, {
              tenant: "acme",
              where: asked,
              vectors: false,
            }))
              found.push(...ids);
            const search = async (limit: number): Promise<string[]> => {
              const options = { tenant: "acme", where: asked, limit };
              const hits = await store.search(info, Float32Array.of(1, 1, 1), options);
              return hits.map(({ id }) => id);
            };
            const nearest = await search(60);
            expect(nearest.toSorted()).toEqual(found.toSorted());
            expect(await search(3)).toEqual(nearest.slice(0, 3));
            const wanted = ours.filter((one) => matches(asked, decodeMetadata(one.metadata)));
            expect(found.sort()).toEqual(wanted.map(({ id }) => id).sort());
          }),
          { seed, numRuns: runs },
        );
      } finally {
        await store.remove(info, { everything: true });
      }
    });
  });
}

findsWhatMatchesFinds("embedded :memory:", () => openEmbedded(":memory:"));

const url = process.env["QDRANT_URL"];
const apiKey = process.env["QDRANT_API_KEY"];
if (url) {
  const options = apiKey ? { apiKey } : {};
  findsWhatMatchesFinds("Qdrant server by REST", () =>
    openQdrant({ url, grpcPort: "off" }, options),
  );
  findsWhatMatchesFinds("Qdrant server by gRPC", () =>
    openQdrant({ url, grpcPort: realGrpcPort(url) }, options),
  );
} else {
  describe.skip("Qdrant server (QDRANT_URL is not set)", () => {
    it("finds the same", () => undefined);
  });
}
