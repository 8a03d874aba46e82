/** What every store must do for applications: documents of tenants, kept apart, and found by their metadata. */
import assert from "node:assert/strict";
import { type ErrorCode, VectorError } from "../errors.ts";
import { parseNote } from "../model/collection.ts";
import { parseWhere } from "../model/filter.ts";
import { tenantPointId } from "../model/point-id.ts";
import { parsePlainObject } from "../util/json.ts";
import {
  type DocumentBench,
  type DocumentSuiteOptions,
  documentSpec,
  documentsOf,
  findNamed,
  readDocuments,
  type TestDocument,
  withDocuments,
} from "./document-bench.ts";
import { documentSearches } from "./document-search.ts";
import {
  findsTheSame,
  largeDocuments,
  largeFilters,
  listDocuments,
  listFilters,
  oddKeyDocuments,
  oddKeyFilters,
  scalarDocuments,
  scalarFilters,
} from "./document-where.ts";
import type { TestKit } from "./kit.ts";
import { type SkippingKit, skipping } from "./kit.ts";

/** Declares the tests. Every collection they make has a name of its own and is removed at the end. */
export function documentSuite(kit: TestKit, options: DocumentSuiteOptions): void {
  kit.describe(`${options.name} as a store of documents`, () => {
    const some = skipping(kit, options.skip ?? {});
    contents(some, options);
    tenants(some, options);
    filters(some, options);
    documentSearches(some, options);
    changes(some, options);
    collections(some, options);
    refusals(some, options);
    some.done();
  });
}

const createdAt = "2026-11-22T02:30:00.000Z";

/** Names that escape what is built of text. */
const awkwardTenants: readonly string[] = [
  "acme",
  "ACME",
  "acme ",
  "*",
  "%",
  "a'b\"c\\d",
  '{"$ne":null}',
  "null",
  "日本語",
  "ა🦀",
  "a/b/../c",
  "\u0000",
];

async function assertFails(call: Promise<unknown>, code: ErrorCode): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof VectorError, String(error));
    assert.equal(error.code, code);
    return true;
  });
}

async function assertKept(bench: DocumentBench, documents: readonly TestDocument[]) {
  await bench.write(documents);
  const wanted = readDocuments(documentsOf(documents));
  const info = await bench.info();
  const points = documents.map(({ tenant, id }) => tenantPointId(tenant, id));
  const { batch, absent, failures } = await bench.store.read(info, points);
  assert.deepEqual(readDocuments(batch), wanted);
  assert.deepEqual([absent, failures], [[], []]);
  const scanned: object[] = [];
  for await (const part of bench.store.scan(info)) scanned.push(...readDocuments(part));
  assert.deepEqual(scanned, wanted);
  const options = { limit: documents.length, metadata: true, vectors: true };
  const hits = await bench.store.search(info, Float32Array.of(1, 1, 1), options);
  const searched = hits.map((hit) => ({
    point: hit.point,
    id: hit.id,
    tenant: hit.tenant,
    document: hit.document,
    metadata: hit.metadata,
    createdAt: hit.createdAt,
    vector: hit.vector === null ? null : Array.from(hit.vector),
  }));
  assert.deepEqual(
    searched.sort((one, other) => ((one.point ?? "") < (other.point ?? "") ? -1 : 1)),
    wanted.map((one) => ({ ...one, metadata: parsePlainObject(one.metadata ?? "null") })),
  );
}

function contents({ describe, it }: SkippingKit, options: DocumentSuiteOptions): void {
  describe("documents", () => {
    it("are read, scanned and found as they were written, with their tenant and time", () =>
      withDocuments(options, documentSpec(), (bench) =>
        assertKept(bench, [
          {
            id: "a",
            tenant: "acme",
            metadata: '{"s":"x","i":2,"f":2.5,"b":true}',
            createdAt,
          },
          { id: "a", tenant: "other", document: "another", vector: [0, -0.5, 3], createdAt },
          {
            id: "日本語 'id'",
            tenant: "テナント",
            document: null,
            metadata: '{"text":"\\u2028 🦀"}',
          },
        ]),
      ));

    it("keep whole floats apart from integers, and every digit of both", () =>
      withDocuments(options, documentSpec(), (bench) =>
        assertKept(bench, [
          { id: "floats", tenant: "acme", metadata: '{"two":2.0,"third":0.3333333333333333}' },
          { id: "integers", tenant: "acme", metadata: '{"two":2,"odd":9007199254740993}' },
        ]),
      ));

    it("keep lists of their metadata", () =>
      withDocuments(options, documentSpec(), (bench) =>
        assertKept(bench, [
          { id: "lists", tenant: "acme", metadata: '{"s":["a","b"],"i":[1,2],"f":[1.5,2.0]}' },
        ]),
      ));

    it("keep nulls, nested objects and empty lists of their metadata", () =>
      withDocuments(options, documentSpec(), (bench) =>
        assertKept(bench, [
          { id: "nested", tenant: "acme", metadata: '{"o":{"p":[{"q":1}]},"n":null,"e":[]}' },
        ]),
      ));

    if (!options.keeps) return;
    it("are there when the store is opened again", async () => {
      const spec = documentSpec();
      const documents = [{ id: "a", tenant: "acme", metadata: '{"a":1}', createdAt }];
      {
        await using store = await options.open();
        await store.ensure(spec);
        await store.write(spec, documentsOf(documents));
      }
      await using store = await options.open();
      const info = await findNamed(store, spec.name);
      const found = await store.read(info, [tenantPointId("acme", "a")]);
      await store.remove(info, { everything: true });
      assert.deepEqual(readDocuments(found.batch), readDocuments(documentsOf(documents)));
    });
  });
}

function tenants({ describe, it }: SkippingKit, options: DocumentSuiteOptions): void {
  describe("tenants", () => {
    it("find their own documents alone, whatever they are called", () =>
      withDocuments(options, documentSpec(), async ({ write, found }) => {
        await write(awkwardTenants.map((tenant) => ({ id: "same", tenant })));
        for (const tenant of awkwardTenants)
          assert.deepEqual(await found({ tenant }), [`${tenant}/same`]);
        for (const nobody of ["", "acm", "acme*", "undefined"])
          assert.deepEqual(await found({ tenant: nobody }), []);
      }));

    it("are not widened by any filter", () =>
      withDocuments(options, documentSpec(), async ({ write, found }) => {
        const metadata = '{"k":"a"}';
        await write([
          { id: "a", tenant: "acme", metadata },
          { id: "b", tenant: "other", metadata: '{"k":"a","tenant_id":"acme"}' },
        ]);
        for (const json of [
          { tenant_id: { $ne: "nobody" } },
          { $or: [{ k: "a" }, { tenant_id: "other" }] },
          { $or: [{ tenant_id: { $ne: "acme" } }, { k: { $ne: "b" } }] },
          { k: { $nin: ["x"] } },
        ])
          assert.deepEqual(await found({ tenant: "acme", where: parseWhere(json) }), ["acme/a"]);
      }));

    it("are found in the data, the greatest first", () =>
      withDocuments(options, documentSpec(), async ({ store, info, write }) => {
        const sizes: readonly (readonly [string, number])[] = [
          ["small", 1],
          ["large 'n'", 5],
          ["middle", 3],
        ];
        await write(
          sizes.flatMap(([tenant, size]) =>
            Array.from({ length: size }, (_, row) => ({ id: `d${row}`, tenant })),
          ),
        );
        const wanted = [
          { tenant: "large 'n'", count: 5 },
          { tenant: "middle", count: 3 },
          { tenant: "small", count: 1 },
        ];
        assert.deepEqual(await store.tenants(await info(), { limit: 10 }), wanted);
        assert.deepEqual(await store.tenants(await info(), { limit: 2 }), wanted.slice(0, 2));
      }));
  });
}

function filters({ describe, it }: SkippingKit, options: DocumentSuiteOptions): void {
  const finds = (
    name: string,
    documents: readonly TestDocument[],
    asked: readonly unknown[],
  ): void => {
    it(name, () =>
      withDocuments(options, documentSpec(), (bench) => findsTheSame(bench, documents, asked)),
    );
  };
  describe("filters", () => {
    finds("find by texts, numbers and flags with every operator", scalarDocuments, scalarFilters);
    finds("find integers past 2^53 exactly", largeDocuments, largeFilters);
    finds("take lists by their members with $contains alone", listDocuments, listFilters);
    finds("take keys of any characters", oddKeyDocuments, oddKeyFilters);
  });
}

function changes({ describe, it }: SkippingKit, options: DocumentSuiteOptions): void {
  const named = (...ids: readonly string[]): TestDocument[] =>
    ids.map((id) => ({ id, tenant: "acme", document: "first", metadata: `{"k":"${id}"}` }));
  const contentsOf = async ({ store, info }: DocumentBench): Promise<Record<string, unknown>> => {
    const contents: Record<string, unknown> = {};
    for await (const { ids, payload } of store.scan(await info(), { tenant: "acme" }))
      ids.forEach((id, row) => {
        contents[id] = payload.documents[row];
      });
    return contents;
  };

  describe("changes", () => {
    it("write over what stands there, or leave it alone, or write nothing else", () =>
      withDocuments(options, documentSpec(), async (bench) => {
        await bench.write(named("a", "b"));
        const second = (...ids: readonly string[]) =>
          named(...ids).map((one) => ({ ...one, document: "second" }));
        await bench.write(second("b", "c"), "insert");
        assert.deepEqual(await contentsOf(bench), { a: "first", b: "first", c: "second" });
        await bench.write(second("a", "d"), "update");
        assert.deepEqual(await contentsOf(bench), { a: "second", b: "first", c: "second" });
        await bench.write(second("b", "d"));
        const all = { a: "second", b: "second", c: "second", d: "second" };
        assert.deepEqual(await contentsOf(bench), all);
      }));

    it("take away a tenant's documents by filter, by point, then all of them, and nobody else's", () =>
      withDocuments(options, documentSpec(), async ({ store, info, write, found }) => {
        await write(["a", "b", "c"].flatMap((id) => named(id)));
        const theirs = named("a", "b", "c").map((one) => ({ ...one, tenant: "other" }));
        await write(theirs);
        const where = parseWhere({ k: { $in: ["a", "nobody's"] } });
        await store.remove(await info(), { tenant: "acme", where });
        assert.deepEqual(await found({ tenant: "acme" }), ["acme/b", "acme/c"]);
        await store.remove(await info(), { points: [tenantPointId("acme", "b")] });
        assert.deepEqual(await found({ tenant: "acme" }), ["acme/c"]);
        await store.remove(await info(), { tenant: "acme", where: null });
        assert.deepEqual(await found({ tenant: "acme" }), []);
        const others = ["other/a", "other/b", "other/c"];
        assert.deepEqual(await found({ tenant: "other" }), others);
        await store.remove(await info(), { tenant: "", where: null });
        assert.deepEqual(await found({ tenant: "other" }), others);
      }));

    it("scan a tenant's documents each once, in the order of points, in batches no larger than asked", () =>
      withDocuments(options, documentSpec(), async ({ store, info, write }) => {
        const documents = named(...Array.from({ length: 90 }, (_, row) => `d${row}`));
        await write([...documents, ...documents.map((one) => ({ ...one, tenant: "other" }))]);
        const points: string[] = [];
        const where = parseWhere({ k: { $nin: ["d1", "d2"] } });
        for await (const { placement } of store.scan(await info(), {
          tenant: "acme",
          where,
          batchSize: 20,
        })) {
          assert.ok(placement.points.length <= 20);
          points.push(...placement.points);
        }
        const wanted = documents
          .filter(({ id }) => id !== "d1" && id !== "d2")
          .map(({ id }) => tenantPointId("acme", id));
        assert.deepEqual(points, wanted.sort());
      }));
  });
}

function collections({ describe, it }: SkippingKit, options: DocumentSuiteOptions): void {
  describe("collections", () => {
    it("are told by name, and their memory where the store can tell it", () =>
      withDocuments(options, documentSpec(), async ({ store, spec }) => {
        const told = await store.collections({ names: [spec.name, `${spec.name}x`], memory: true });
        assert.deepEqual(
          told.map(({ name, dimension, distance }) => [name, dimension, distance]),
          [[spec.name, 3, "l2"]],
        );
        assert.match(typeof told[0]?.memoryBytes, /number|undefined/);
      }));

    it("keep the model that they were made for, and take no other", () =>
      withDocuments(options, documentSpec({ model: "model-a" }), async ({ store, spec, info }) => {
        const { name, note } = await info();
        const { model, tenanted } = parseNote(name, note) ?? {};
        assert.deepEqual([model, tenanted], ["model-a", true]);
        const { model: _, ...unsaid } = spec;
        assert.deepEqual(await store.ensure(unsaid), { created: false });
        assert.equal(parseNote(name, (await info()).note)?.model, "model-a");
        await assertFails(store.ensure({ ...spec, model: "model-b" }), "E_SCHEMA_CONFLICT");
      }));
  });
}

function refusals({ describe, it }: SkippingKit, options: DocumentSuiteOptions): void {
  const query = Float32Array.of(1, 0, 0);
  describe("refusals", () => {
    it("names a collection that is not there, and makes none", () =>
      withDocuments(options, documentSpec(), async ({ store, spec, info }) => {
        const name = `${spec.name}x`;
        const missing = { ...(await info()), name, key: name };
        const scan = async () => {
          for await (const _ of store.scan(missing, { tenant: "a" }));
        };
        for (const call of [
          () => store.count(missing, { tenant: "a" }),
          () => store.search(missing, query, { tenant: "a", limit: 1 }),
          () => store.tenants(missing, { limit: 1 }),
          () => store.remove(missing, { tenant: "a", where: null }),
          scan,
        ])
          await assertFails(call(), "E_COLLECTION_NOT_FOUND");
        assert.deepEqual(await store.collections({ names: [name] }), []);
      }));

    it("refuses a query of another dimension", () =>
      withDocuments(options, documentSpec(), async ({ store, info, write }) => {
        await write([{ id: "a", tenant: "acme" }]);
        const short = Float32Array.of(1, 0);
        await assertFails(store.search(await info(), short, { limit: 1 }), "E_REJECTED");
      }));

    it("stops when its signal aborts, and once it is closed", async () => {
      const signal = AbortSignal.abort();
      await withDocuments(options, documentSpec(), async ({ store, info }) => {
        const collection = await info();
        const asked = { tenant: "a", signal };
        await assertFails(store.search(collection, query, { ...asked, limit: 1 }), "E_ABORTED");
        await assertFails(store.tenants(collection, { limit: 1, signal }), "E_ABORTED");
        await assertFails(
          store.remove(collection, { tenant: "a", where: null }, { signal }),
          "E_ABORTED",
        );
      });
      const store = await options.open();
      await store[Symbol.asyncDispose]();
      await assertFails(store.collections(), "E_CLOSED");
    });
  });
}
