import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../../src/engine/index.ts";
import type { RestOperation } from "../../../../src/engine/rest/request.ts";

/** What is expected here is what a server of 1.18.2 answers. */
let engine: Engine;

async function ask(operation: RestOperation, body: unknown) {
  const request = { operation, collection: "groups", params: {}, body: JSON.stringify(body) };
  return JSON.parse(await engine.ask(request));
}

/** Point n lies at distance n of the query; null: no such field. */
const fields = ["a", "a", "a", 7, ["b", "a"], 2.5, null, [], "c", 7, "c", "b"];

beforeAll(async () => {
  engine = await openEngine(":memory:");
  await ask("createCollection", { vectors: { size: 1, distance: "Euclid" } });
  await ask("upsertPoints", {
    points: fields.map((g, id) => ({ id, vector: [id], payload: g === null ? {} : { g } })),
  });
});
afterAll(() => engine.close());

/** Groups with the ids of their points. */
async function groups(limit: number, size: number, more: object = {}) {
  const question = { query: [0], group_by: "g", limit, group_size: size, ...more };
  const { groups: found } = await ask("queryGroups", question);
  return found.map(({ id, hits }: { id: unknown; hits: { id: number }[] }) => [
    id,
    hits.map((hit) => hit.id),
  ]);
}

describe.each(["without an index", "with an index of the field"])("groups %s", (index) => {
  beforeAll(async () => {
    if (index === "without an index") return;
    await ask("createPayloadIndex", { field_name: "g", field_schema: "keyword" });
  });

  it("come by their best hit, each with its best hits; a point may be in several", async () => {
    expect(await groups(4, 2)).toEqual([
      ["a", [0, 1]],
      [7, [3, 9]],
      ["b", [4, 11]],
      ["c", [8, 10]],
    ]);
  });

  it("are looked for until enough of them are full", async () => {
    expect(await groups(2, 4)).toEqual([
      ["a", [0, 1, 2, 4]],
      [7, [3, 9]],
    ]);
  });

  it("obey the filter of the request", async () => {
    const filter = { must_not: [{ has_id: [0, 1, 2, 3] }] };
    expect(await groups(9, 1, { filter })).toEqual([
      ["b", [4]],
      ["a", [4]],
      ["c", [8]],
      [7, [9]],
    ]);
  });

  it("reach further down into prefetches each time they ask; an index of texts knows no numbers", async () => {
    const prefetch = { query: [11], limit: 2 };
    const known = [
      ["a", [2, 4]],
      [7, [3, 9]],
      ["b", [4, 11]],
    ];
    const knownByIndex = [
      ["a", [0, 1]],
      ["b", [4, 11]],
      ["c", [8, 10]],
    ];
    const expected = index === "without an index" ? known : knownByIndex;
    expect(await groups(3, 2, { prefetch })).toEqual(expected);
  });
});
