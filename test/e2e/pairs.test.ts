/**
 * There and back between every two kinds of stores: random records into the first, from there into the second, and back into another
 * of the first kind. What is there at the end is what there was, but for the records that a run named. `VECFERRY_SEED` repeats a run;
 * `VECFERRY_LONG` draws more, for each distance.
 */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { Outcome } from "../../src/migrate/report.ts";
import { type Distance, distances } from "../../src/model/distance.ts";
import type { RecordBatch } from "../../src/model/record.ts";
import { denseVector } from "../../src/model/vector-column.ts";
import { canonicalJson } from "../../src/util/canonical.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { type FakeRecord, FakeSource } from "../support/fake-store.ts";
import { carry, fill, type Held, kindsOfStores, leave, recordsIn } from "../support/pairs.ts";
import { ulpsApart } from "../support/ulps.ts";

const seed = Number(process.env["VECFERRY_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
console.log(`Seed ${seed} (VECFERRY_SEED repeats it)`);

const noChroma = chromaAvailable("1.5.9", true);
if (noChroma !== null) console.log(`Without a Chroma: ${noChroma}`);
const chroma: ChromaServer | null =
  noChroma === null ? await startChroma({ version: "1.5.9", env: {} }) : null;
afterAll(() => chroma?.[Symbol.asyncDispose]());
const kinds = kindsOfStores(chroma);

/** A row that is compared: its vector as numbers. */
interface Row {
  readonly vector: readonly number[];
  readonly rest: string;
}

/** A Qdrant server is one store, however it is spoken to, and cannot be both the first and the last. */
const firsts = kinds.filter(({ name }) => !name.startsWith("Qdrant by"));

describe.each(firsts)("records in $name", (first) => {
  it.each(kinds)(
    "are the same after a way to $name and back",
    async (second) => {
      const isLong = process.env["VECFERRY_LONG"] !== undefined;
      const drawn = distances[(seed + kinds.indexOf(first) + kinds.indexOf(second)) % 3] ?? "l2";
      for (let round = 0; round < (isLong ? 12 : 1); round += 1) {
        for (const distance of isLong ? distances : [drawn])
          await thereAndBack(first, second, distance, seed + round);
      }
    },
    120_000,
  );
});

async function thereAndBack(
  first: (typeof kinds)[number],
  second: (typeof kinds)[number],
  distance: Distance,
  seed: number,
): Promise<void> {
  const name = `pairs-${crypto.randomUUID()}`;
  const [records = []] = fc.sample(recordsOf(distance), { seed, numRuns: 1 });
  const source = new FakeSource([{ name, distance, dimension: 3, records }], { notes: false });
  const stops = [await first.open(), await second.open(), await first.open()] as const;
  try {
    const outcomes = await throughAll(source, stops, name);
    if (outcomes === null) return;
    // A Qdrant server rounds some floats of a payload: between Qdrants that is told as a difference, and the mark puts it right.
    const ends = second.name.startsWith("Qdrant by") ? [0, 3, 4] : [0, 3];
    for (const { exit } of outcomes) expect(ends).toContain(exit);
    const named = namedIn(outcomes);
    const wanted = rowsOf(batchOf(records.filter(({ id }) => !named.has(id))));
    const found = rowsOf(await recordsIn(stops[2], name));
    expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
    // Each stop under cosine may round: twice where vectors are divided, and twice in a Chroma.
    const ulps = distance === "cosine" ? 4 * stops.length : 0;
    for (const [id, row] of wanted) {
      expect(found.get(id)?.rest).toBe(row.rest);
      row.vector.forEach((component, at) => {
        expect(
          ulpsApart(component, found.get(id)?.vector[at] ?? Number.NaN),
          id,
        ).toBeLessThanOrEqual(ulps);
      });
    }
  } finally {
    for (const held of stops) await leave(held, name);
  }
}

/** null = no verb goes from one of them to the next. */
async function throughAll(
  source: FakeSource,
  [first, second, last]: readonly [Held, Held, Held],
  name: string,
): Promise<Outcome[] | null> {
  const filled = await fill(source, first);
  const there = await carry(first, second, name);
  const back = there === null ? null : await carry(second, last, name);
  return there === null || back === null ? null : [filled, there, back];
}

function namedIn(outcomes: readonly Outcome[]): ReadonlySet<string> {
  const ids = outcomes.flatMap(({ files }) => {
    const text = files.quarantine === null ? "" : readFileSync(files.quarantine, "utf8");
    const lines = text.split("\n").filter((line) => line !== "");
    return lines.map((line): string => JSON.parse(line).id);
  });
  return new Set(ids);
}

function rowsOf(batch: RecordBatch): Map<string, Row> {
  const column = denseVector(batch);
  const { documents, metadata, uris } = batch.payload;
  return new Map(
    batch.ids.map((id, row) => [
      id,
      {
        vector: [...(column?.data.subarray(row * 3, row * 3 + 3) ?? [])],
        rest: canonicalJson(
          `[${JSON.stringify(documents[row])},${JSON.stringify(uris[row])},${metadata[row] ?? "{}"}]`,
        ),
      },
    ]),
  );
}

function batchOf(records: readonly FakeRecord[]): RecordBatch {
  return {
    ids: records.map(({ id }) => id),
    vectors: new Map([
      [
        "",
        {
          kind: "dense",
          dimension: 3,
          data: Float32Array.from(records.flatMap(({ vector }) => vector)),
          present: null,
        },
      ],
    ]),
    payload: {
      documents: records.map(({ document }) => document ?? null),
      uris: records.map(({ uri }) => uri ?? null),
      metadata: records.map(({ metadata }) => metadata ?? null),
    },
  };
}

/** Records as a Chroma may have them, and some that only others hold. */
function recordsOf(distance: Distance): fc.Arbitrary<FakeRecord[]> {
  const text = fc.string({ unit: "binary" });
  const scalar = fc.oneof(
    text.map((value) => JSON.stringify(value)),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    fc
      .oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.double({ min: 0, max: 2e9, noNaN: true }),
      )
      .filter((value) => !Object.is(value, -0))
      .map((value) => (/^-?\d+$/.test(String(value)) ? `${value}.0` : String(value))),
    fc.constantFrom("true", "false"),
  );
  const list = fc
    .tuple(scalar, fc.integer({ min: 1, max: 3 }))
    .map(([one, count]) => `[${Array(count).fill(one).join(",")}]`);
  const value = fc.oneof(
    { arbitrary: scalar, weight: 12 },
    { arbitrary: list, weight: 3 },
    fc.constantFrom("null", "[]", '{"a":{}}'),
  );
  const metadata = fc.dictionary(text, value, { maxKeys: 5 }).map((keys) => {
    const members = Object.entries(keys).map(([key, member]) => `${JSON.stringify(key)}:${member}`);
    return `{${members.join(",")}}`;
  });
  const small = fc.tuple(
    fc.float({ min: Math.fround(1e-9), max: Math.fround(1e9), noNaN: true }),
    fc.constantFrom(1, -1, 0),
  );
  const any = fc.float({ noNaN: true, noDefaultInfinity: true });
  const component = distance === "cosine" ? small.map(([size, sign]) => size * sign) : any;
  const record = fc.record({
    id: fc.oneof(text, fc.uuid(), fc.nat().map(String)),
    vector: fc.tuple(component, component, component).map((vector) => [...vector]),
    document: fc.option(text),
    uri: fc.option(text),
    metadata: fc.option(metadata),
  });
  return fc.uniqueArray(record, {
    minLength: 20,
    maxLength: 40,
    selector: ({ id }) => id,
    size: "max",
  });
}
