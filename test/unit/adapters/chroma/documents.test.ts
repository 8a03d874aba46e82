/** How documents stand in a Chroma, what is asked of it, and what is refused before anything is sent. */
import { describe, expect, it } from "vitest";
import { askFor } from "../../../../src/adapters/chroma/document-where.ts";
import { decodeFlat, encodeFlat } from "../../../../src/adapters/chroma/flat.ts";
import { recordFaults } from "../../../../src/adapters/chroma/record-check.ts";
import { cloudTakes, serverTakes } from "../../../../src/adapters/chroma/takes.ts";
import { decodeMetadata, parseWhere } from "../../../../src/model/filter.ts";
import { defaultVector, type PointBatch } from "../../../../src/model/record.ts";
import { stringifyPlain } from "../../../../src/util/json.ts";

interface Row {
  readonly id?: string;
  readonly metadata?: string | null;
  readonly vector?: readonly number[];
  readonly document?: string;
}

function batchOf(rows: readonly Row[]): PointBatch {
  const none = (): null[] => rows.map(() => null);
  const data = Float32Array.from(rows.flatMap(({ vector = [1, 2] }) => vector));
  return {
    ids: rows.map(({ id = "a" }) => id),
    vectors: new Map([[defaultVector, { kind: "dense", dimension: 2, data, present: null }]]),
    payload: {
      documents: rows.map(({ document = null }) => document),
      uris: none(),
      metadata: rows.map(({ metadata = null }) => metadata),
    },
    placement: {
      points: rows.map((_, row) => `00000000-0000-4000-8000-00000000000${row}`),
      tenants: rows.map(() => "acme"),
      norms: Float64Array.from(rows, () => 2.5),
      runs: none(),
      collections: none(),
      rest: none(),
      createdAt: rows.map(() => "2026-01-01T00:00:00.000Z"),
    },
  };
}

describe("a document's metadata in a Chroma", () => {
  it.each([
    [null, null],
    ["{}", null],
    ['{"a":1,"b":2.0,"c":9007199254740993}', '{"a":1,"b":2.0,"c":9007199254740993}'],
    ['{"tenant_id":"x","_vecferry":1,"_vecferry.tenant_id":true}', null],
    ['{"tenant\\u005fid":"x","__proto__":2}', null],
  ])("%s comes back, and our keys beside it", (given, exactly) => {
    const text = encodeFlat(batchOf([{ id: "ä \u0000", metadata: given }]), 0, true) ?? "";
    const stands = decodeMetadata(text);
    expect(stands["tenant_id"]).toBe("acme");
    const record = decodeFlat(text);
    expect(record).toMatchObject({ id: "ä \u0000", tenant: "acme", norm: 2.5, rest: null });
    expect(record.createdAt).toBe("2026-01-01T00:00:00.000Z");
    if (exactly !== null) expect(record.metadata).toBe(exactly);
    expect(decodeMetadata(record.metadata)).toEqual(decodeMetadata(given));
  });

  it("of a record that vecferry did not write is told whole, and is nobody's", () => {
    for (const text of ['{"tenant_id":"acme"}', '{"tenant_id":"acme","_vecferry":"[1]"}']) {
      expect(decodeFlat(text)).toMatchObject({ id: null, tenant: null, rest: text });
    }
  });
});

describe("what a Chroma is asked", () => {
  const new_ = serverTakes("1.0.15 or later");
  const old = serverTakes("0.4.24");
  const ask = (json: unknown, takes = new_, lists = true) =>
    askFor({ tenanted: true, tenant: "acme", where: parseWhere(json) }, takes, lists);
  const sent = (json: unknown, takes = new_, lists = true) => {
    const asked = ask(json, takes, lists);
    return asked && [stringifyPlain(asked.server), asked.here === null ? "whole" : "here too"];
  };
  const owner = '{"tenant_id":{"$eq":"acme"}}';

  it("is the tenant, and all of the filter beside it from 1.0 on", () => {
    expect(sent({ n: { $gte: 2 } })).toEqual([`{"$and":[${owner},{"n":{"$gte":2}}]}`, "whole"]);
    expect(sent({ n: 9007199254740993n })?.[0]).toContain('{"$eq":9007199254740993}');
  });

  it("names the key under which a user's tenant_id stands, never ours", () => {
    expect(sent({ tenant_id: { $ne: "acme" } })?.[0]).toBe(
      `{"$and":[${owner},{"_vecferry.tenant_id":{"$ne":"acme"}}]}`,
    );
  });

  it("looks for a number in lists of integers and of floats", () => {
    expect(sent({ n: { $contains: 1 } })?.[0]).toContain(
      '{"$or":[{"n":{"$contains":1}},{"n":{"$contains":1.0}}]}',
    );
  });

  it("leaves out what holds always, and asks nothing where nothing can hold", () => {
    expect(sent({ n: { $not_contains: 1 } }, new_, false)).toEqual([owner, "whole"]);
    expect(sent({ n: { $contains: 1 } }, new_, false)).toBeNull();
    expect(sent({ $or: [] })).toBeNull();
    expect(sent({ $and: [] })).toEqual([owner, "whole"]);
  });

  it("is before 1.0 what every version answers alike; the rest is decided here", () => {
    expect(sent({ k: "a" }, old)).toEqual([`{"$and":[${owner},{"k":{"$eq":"a"}}]}`, "whole"]);
    const json = { $and: [{ k: { $in: ["a", "b"] } }, { n: { $ne: 2 } }] };
    expect(sent(json, old)).toEqual([`{"$and":[${owner},{"k":{"$in":["a","b"]}}]}`, "here too"]);
    const here = ask(json, old)?.here;
    expect(
      ['{"k":"a"}', '{"k":"a","n":2}', '{"k":"a","n":2.0}'].map((text) =>
        here?.(decodeMetadata(text)),
      ),
    ).toEqual([true, false, false]);
  });

  it("has no more conditions than the Cloud takes", () => {
    const many = { $or: Array.from({ length: 8 }, (_, n) => ({ n })) };
    expect(sent(many, cloudTakes)).toEqual([owner, "here too"]);
    expect(sent({ $or: many.$or.slice(1) }, cloudTakes)?.[1]).toBe("whole");
    // A number is looked for in lists as two.
    const lists = { $or: Array.from({ length: 4 }, (_, n) => ({ n: { $contains: n } })) };
    expect(sent(lists, cloudTakes)).toEqual([owner, "here too"]);
    expect(sent({ $or: lists.$or.slice(1) }, cloudTakes)?.[1]).toBe("whole");
  });

  it("of a plain collection is nobody's record where a tenant is asked for", () => {
    expect(askFor({ tenanted: false, tenant: "acme" }, new_, true)).toBeNull();
    expect(askFor({ tenanted: false }, new_, true)).toEqual({ server: undefined, here: null });
  });
});

describe("records that a Chroma cannot hold", () => {
  const reasons = (
    rows: readonly Row[],
    takes = serverTakes("1.0"),
    lists = false,
    mixedNumbers = false,
  ) =>
    recordFaults(batchOf(rows), {
      takes,
      lists,
      mixedNumbers,
      exactNumbers: true,
      dimension: 2,
      ownKeys: 2,
      keyOf: (row) => rows[row]?.id ?? "a",
    }).map(({ reason }) => reason);
  const metadata = (text: string): Row[] => [{ metadata: text }];

  it.each([
    ['{"a":null}', "rejected"],
    ['{"a":{"b":1}}', "rejected"],
    ['{"a":9223372036854775808}', "rejected"],
    ['{"a":1e400}', "rejected"],
    ['{"":1}', "rejected"],
    ['{"$a":1}', "rejected"],
    ['{"#a":1}', "rejected"],
    ['{"chroma:document":"x"}', "reserved-key"],
    ['["a"]', "metadata-not-json"],
  ])("%s: %s", (text, reason) => {
    expect(reasons(metadata(text))).toEqual([reason]);
  });

  it("are those with lists where lists are not taken, and with lists of two types", () => {
    expect(reasons(metadata('{"a":["b"]}'))).toEqual(["rejected"]);
    for (const text of [
      '{"a":[]}',
      '{"a":[1,"b"]}',
      '{"a":[1,2.5]}',
      '{"a":[[1]]}',
      '{"a":[null]}',
    ])
      expect(reasons(metadata(text), cloudTakes, true), text).toEqual(["rejected"]);
    for (const text of ['{"a":["b"]}', '{"a":[1,2]}', '{"a":[true,false]}'])
      expect(reasons(metadata(text), cloudTakes, true), text).toEqual([]);
    expect(reasons(metadata('{"a":[1,2.5]}'), cloudTakes, true, true)).toEqual([]);
    expect(reasons(metadata('{"a":[9007199254740993,2.5]}'), cloudTakes, true, true)).toEqual([
      "rejected",
    ]);
  });

  it("are named one by one, with what else is amiss in them", () => {
    const rows: Row[] = [
      {},
      { id: "" },
      { vector: [Number.NaN, 1] },
      { vector: [1, Number.POSITIVE_INFINITY] },
    ];
    expect(reasons(rows)).toEqual(["id-refused", "not-finite", "not-finite"]);
    expect(reasons(rows, serverTakes("0.6.3"))).toEqual(["not-finite", "not-finite"]);
  });

  it("are those beyond the Cloud's quotas, in bytes", () => {
    const keys = Array.from({ length: 31 }, (_, n) => `"k${n}":1`).join();
    const large: Row[] = [
      { id: "é".repeat(65) },
      { document: "é".repeat(8193) },
      ...metadata(`{"${"k".repeat(37)}":1}`),
      ...metadata(`{"k":"${"v".repeat(4097)}"}`),
      ...metadata(`{${keys}}`),
    ];
    expect(reasons(large, cloudTakes)).toEqual(large.map(() => "too-large"));
    expect(reasons(large)).toEqual([]);
  });
});
