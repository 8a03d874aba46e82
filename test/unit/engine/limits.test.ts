/** What one question may take of memory and of time, whatever it is made of. */
import { expect, it } from "vitest";
import { toColumns } from "../../../src/engine/collection/read.ts";
import { compile, count } from "../../../src/engine/collection/select.ts";
import { Host } from "../../../src/engine/host.ts";
import { hold, withinRoom } from "../../../src/engine/memory-limit.ts";
import { answer } from "../../../src/engine/rest/operations.ts";
import type { RestOperation } from "../../../src/engine/rest/request.ts";
import { scratchFolder } from "../../support/scratch-folder.ts";

const points = 5_000;

/** A host in memory with so many points, which have a text and a vector each. */
function filledHost(): Host {
  const host = new Host({ folder: ":memory:", snapshots: scratchFolder() });
  host.createCollection("c", '{"vectors":{"size":1,"distance":"Dot"}}');
  host.createPayloadIndex("c", "text", "text");
  host.upsert("c", {
    ids: Array.from({ length: points }, (_, id) => String(id)),
    payloads: Array.from({ length: points }, () => '{"text":"red fox","n":1}'),
    vectors: new Map([
      ["", { kind: "dense", dimension: 1, data: new Float32Array(points).fill(1), present: null }],
    ]),
  });
  host.commit();
  return host;
}

const ask = (host: Host, operation: RestOperation, body: unknown, seconds?: number) =>
  answer(
    host,
    { operation, collection: "c", params: { wait: "true" }, body: JSON.stringify(body) },
    seconds,
  );

it("many conditions on ids take memory by the ids that they name", () => {
  const host = filledHost();
  const should = Array.from({ length: 20_000 }, (_, id) => ({ has_id: [BigInt(id % points)] }));
  const before = process.memoryUsage().arrayBuffers;
  const compiled = compile(host.collection("c"), { should });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 2 ** 20);
  expect(compiled?.estimate).toBe(points);
});

it("conditions on texts are refused where what they find is more than one question may hold", () => {
  const host = filledHost();
  const text = { key: "text", match: { text: "red" } };
  const find = (conditions: number) => () =>
    withinRoom(() => {
      hold(2 ** 30 - 10 * points);
      return count(host.collection("c"), { should: new Array(conditions).fill(text) });
    });
  expect(find(10)()).toBe(points);
  expect(find(100)).toThrow("more memory than one request");
});

it("what a question holds is counted from nothing, and again for a question within it", () => {
  const half = 2 ** 29;
  withinRoom(() => {
    hold(half);
    withinRoom(() => hold(half + 1));
    hold(half - 1);
    expect(() => hold(2)).toThrow("more memory");
  });
  hold(2 ** 40);
});

it("a change whose points take too long to find is given up, with nothing changed", () => {
  const host = filledHost();
  const filter = { must: [{ key: "n", match: { value: 1 } }] };
  expect(() => ask(host, "setPayload", { payload: { n: 2 }, filter }, 0.001)).toThrow("timed out");
  expect(() => ask(host, "deletePoints", { filter }, 0.001)).toThrow("timed out");
  host.commit();
  expect(ask(host, "countPoints", { filter })).toBe(`{"count":${points}}`);
});

it("vectors that no answer can hold are not read", () => {
  const host = new Host({ folder: ":memory:", snapshots: scratchFolder() });
  const size = 65_536;
  host.createCollection("c", `{"vectors":{"size":${size},"distance":"Dot"}}`);
  const column = {
    kind: "dense",
    dimension: size,
    data: new Float32Array(size),
    present: null,
  } as const;
  host.upsert("c", { ids: ["1"], payloads: [null], vectors: new Map([["", column]]) });
  host.commit();
  const { slots } = host.collection("c").ids;
  const rows = { slots: new Array<number>(5_000).fill(slots - 1), payloads: null };
  const before = process.memoryUsage().arrayBuffers;
  expect(() => toColumns(host.collection("c"), rows, { withVector: true })).toThrow("fewer points");
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 28);
});
