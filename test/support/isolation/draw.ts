/** Tenants, documents, filters and calls at random, chosen to look alike: what would leak, if anything did. */
import fc from "fast-check";
import { tenantPointId } from "../../../src/model/point-id.ts";

export const dimension = 3;

/** A document as a call writes it; what it holds is told apart by the play. */
export interface Drawn {
  readonly id: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly embedding: readonly number[];
}

/** What is asked, as one of the tenants (by its place). Filters may be what no filter is. */
export type Query =
  | {
      readonly ask: "search";
      readonly filter?: unknown;
      readonly limit: number;
      readonly rerank: "none" | "full" | "mmr";
    }
  | { readonly ask: "get"; readonly ids: readonly string[] }
  | { readonly ask: "count" | "scan" | "delete where"; readonly filter?: unknown }
  | { readonly ask: "delete"; readonly ids: readonly string[] }
  | {
      readonly ask: "bulk";
      readonly mode: "insert" | "upsert" | "update" | "delete";
      readonly documents: readonly Drawn[];
      /** Place of the tenant that the documents say is theirs; null = they say none. */
      readonly said: number | null;
    }
  | { readonly ask: "statistics" | "analytics" | "nobody" }
  | { readonly ask: "secure"; readonly may: readonly number[] };

export interface Step {
  /** Place of the tenant that asks. */
  readonly as: number;
  readonly query: Query;
}

export interface World {
  readonly tenants: readonly string[];
  readonly steps: readonly Step[];
}

const famous = [
  "acme",
  "ACME",
  "*",
  "%",
  "_",
  "?",
  ".*",
  '"',
  "'",
  "\\",
  "a' OR '1'='1",
  '" }, { "key": "',
  "null",
  "undefined",
  "true",
  "1",
  "1.0",
  "[]",
  '{"any":["acme"]}',
  "tenant_id",
  "__proto__",
  "é",
  "e\u0301",
  "ß",
  "ss",
  "日本語",
  "مرحبا",
  "🙂",
  "a\u0000",
  "a\nb",
];

const wellFormed = fc
  .string({ unit: "binary", minLength: 1, maxLength: 12 })
  .filter((text) => text.isWellFormed() && text.trim() !== "");
const name = fc.oneof(fc.constantFrom(...famous), wellFormed);

/** Tenants of which some differ by a space, a case, a wildcard, quotes or a normal form only. */
const tenants = fc
  .tuple(
    name,
    fc.array(name, { minLength: 1, maxLength: 2 }),
    fc.array(fc.nat(6), { maxLength: 3 }),
  )
  .map(([first, others, kin]) => {
    const alike = [
      `${first} `,
      ` ${first}`,
      first.toUpperCase(),
      `${first}*`,
      JSON.stringify(first),
      first.normalize("NFD"),
      `${first}\u0000`,
    ];
    return [...new Set([first, ...others, ...kin.map((place) => alike[place] ?? first)])];
  });

const usualKeys = ["k", "n", "tags", "tenant_id"];
const oddKeys = [
  "_vecferry",
  "document",
  "metadata",
  "metadata.k",
  "a.b",
  "tags[]",
  "tenant_id[]",
  'k"q',
  "__proto__",
  "id",
  "",
];
const metadataKey = keyOf(oddKeys);
const filterKey = keyOf([
  ...oddKeys,
  "metadata.tenant_id",
  "_vecferry.id",
  "$or",
  "must",
  "should",
]);

function keyOf(odd: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...usualKeys) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );
}

/** The world of these tenants, `count` steps long. */
function stepsOf(names: readonly string[], count: number): fc.Arbitrary<World> {
  const plainIds = ["x", "y", "1", "00000000-0000-4000-8000-000000000001"];
  const ids = [
    ...plainIds,
    ...names.flatMap((tenant) =>
      plainIds
        .slice(0, 2)
        .flatMap((id) => [tenantPointId(tenant, id), JSON.stringify([tenant, id])]),
    ),
  ];
  const id = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...plainIds) },
    fc.constantFrom(...ids, ...names),
  );
  const scalar = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom("a", "b") },
    { weight: 2, arbitrary: fc.constantFrom("", ...names) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 2 }) },
    fc.constantFrom(0.5, 2.5, 2 ** 53),
    fc.boolean(),
  );
  const list = fc.oneof(
    fc.array(fc.constantFrom("a", "b", ...names), { minLength: 1, maxLength: 3 }),
    fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
  );
  const filter = filterOf(scalar, list);
  const documents = fc.array(drawnOf(id, fc.oneof({ weight: 3, arbitrary: scalar }, list)), {
    minLength: 1,
    maxLength: 4,
  });
  const some = fc.array(id, { minLength: 1, maxLength: 5 });
  const place = fc.nat(names.length - 1);
  const filtered = <Ask extends string>(ask: Ask) =>
    fc.record({ ask: fc.constant(ask), filter }, { requiredKeys: ["ask"] });
  const query: fc.Arbitrary<Query> = fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record(
        {
          ask: fc.constant("search" as const),
          filter,
          limit: fc.constantFrom(1, 3, 50),
          rerank: fc.constantFrom(
            "none" as const,
            "none" as const,
            "full" as const,
            "mmr" as const,
          ),
        },
        { requiredKeys: ["ask", "limit", "rerank"] },
      ),
    },
    { weight: 3, arbitrary: fc.record({ ask: fc.constant("get" as const), ids: some }) },
    { weight: 4, arbitrary: filtered("count") },
    { weight: 4, arbitrary: filtered("scan") },
    { weight: 1, arbitrary: filtered("delete where") },
    { weight: 1, arbitrary: fc.record({ ask: fc.constant("delete" as const), ids: some }) },
    {
      weight: 5,
      arbitrary: fc.record({
        ask: fc.constant("bulk" as const),
        mode: fc.constantFrom(
          "insert" as const,
          "upsert" as const,
          "upsert" as const,
          "update" as const,
          "delete" as const,
        ),
        documents,
        said: fc.option(place, { freq: 1 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        ask: fc.constantFrom("statistics" as const, "analytics" as const, "nobody" as const),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        ask: fc.constant("secure" as const),
        may: fc.array(place, { maxLength: 2 }),
      }),
    },
  );
  return fc.record({
    tenants: fc.constant(names),
    steps: fc.array(fc.record({ as: place, query }), {
      minLength: count,
      maxLength: count,
      size: "max",
    }),
  });
}

function drawnOf(id: fc.Arbitrary<string>, value: fc.Arbitrary<unknown>): fc.Arbitrary<Drawn> {
  const float = fc.integer({ min: -8, max: 8 });
  return fc.record({
    id,
    metadata: fc
      .array(fc.tuple(metadataKey, value), { maxLength: 4 })
      .map((members) => Object.fromEntries(members)),
    embedding: fc.tuple(fc.constant(1), float, float),
  });
}

/** Filters of every kind, and what would be one in another language. */
function filterOf(
  scalar: fc.Arbitrary<unknown>,
  list: fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  const operand = fc.oneof(
    fc.record({
      operator: fc.constantFrom("$eq", "$ne", "$contains", "$not_contains"),
      value: scalar,
    }),
    fc.record({ operator: fc.constantFrom("$in", "$nin"), value: list }),
    fc.record({
      operator: fc.constantFrom("$gt", "$gte", "$lt", "$lte"),
      value: fc.integer({ min: -2, max: 3 }),
    }),
  );
  const condition = fc.oneof(
    { weight: 3, arbitrary: scalar },
    list,
    { weight: 4, arbitrary: operand.map(({ operator, value }) => ({ [operator]: value })) },
    fc.record({ gte: fc.integer({ min: -2, max: 3 }), lt: fc.integer({ min: -2, max: 3 }) }),
  );
  const { clause } = fc.letrec<{ clause: unknown; leaf: unknown; joined: unknown }>((tie) => ({
    leaf: fc
      .array(fc.tuple(filterKey, condition), { minLength: 1, maxLength: 2 })
      .map((members) => Object.fromEntries(members)),
    joined: fc
      .tuple(
        fc.constantFrom("$and", "$or"),
        fc.array(tie("clause"), { minLength: 1, maxLength: 3 }),
      )
      .map(([join, clauses]) => ({ [join]: clauses })),
    clause: fc.oneof(
      { maxDepth: 3, depthIdentifier: "filter" },
      { weight: 3, arbitrary: tie("leaf") },
      { weight: 2, arbitrary: tie("joined") },
    ),
  }));
  const foreign = fc.constantFrom<unknown>(
    {},
    { $or: [] },
    { $and: [] },
    { $not: { k: "a" } },
    { should: [{ key: "tenant_id", match: { value: "acme" } }] },
    { must_not: [{ is_empty: { key: "k" } }] },
    { tenant_id: { $ne: "nobody" } },
    { $or: [{ tenant_id: { $ne: "nobody" } }, { k: { $ne: "nothing" } }] },
    { k: null },
    [],
    "tenant_id",
  );
  return fc.oneof({ weight: 12, arbitrary: clause }, { weight: 1, arbitrary: foreign });
}

/** A world of random tenants, with so many queries. */
export function worldOf(queries: number): fc.Arbitrary<World> {
  return tenants.chain((names) => stepsOf(names, queries));
}
