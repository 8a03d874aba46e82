/** The records that a quick test writes into a source: what copying is known to spoil, one of each. */
import { defaultVector, type PointBatch, type RecordBatch } from "../../model/record.ts";
import { denseVector } from "../../model/vector-column.ts";
import { canonicalJson } from "../../util/canonical.ts";

const dimension = 8;

interface Awkward {
  readonly id: string;
  readonly document: string | null;
  readonly uri: string | null;
  readonly metadata: string | null;
}

const common: readonly Awkward[] = [
  record("plain", "A plain document.", '{"kind":"plain","count":1,"flag":true}'),
  record("whole float", "2.0 is not 2.", '{"kind":"number","whole":2.0,"integer":2,"count":1}'),
  record(
    "64 bits",
    "No double holds these.",
    '{"kind":"number","big":9007199254740993,"max":9223372036854775807,"min":-9223372036854775808}',
  ),
  record("fractions", null, '{"kind":"number","tenth":0.1,"small":0.000123,"negative":-2.5}'),
  record("ключ 🚢 ä", "Ünïcödé, 中文, 🚢.", '{"kind":"text","ключ":"значение","flag":false}'),
  record("nul \u0000 inside", "A NUL: \u0000.", '{"kind":"text","nul":"a\\u0000b","empty":""}'),
  record('quotes "\\/', 'A "quoted" \\ document\nof two lines.', '{"kind":"text","count":3}'),
  record("no document", null, '{"kind":"none","flag":true}'),
  record("empty document", "", '{"kind":"none","count":3}'),
  record("no metadata", "A document without metadata.", null),
  record("7c0f4a5e-3f0b-5d0c-9b1e-6a1d2f8e4c57", "Its id is a UUID.", '{"kind":"plain"}'),
  { ...record("uri", "With a uri.", '{"kind":"plain","count":1}'), uri: "s3://bucket/ä b.png" },
];

const lists: readonly Awkward[] = [
  record("lists", null, '{"kind":"list","texts":["a","ä"],"integers":[1,9007199254740993]}'),
];

/** Records that every Chroma takes. */
export function commonRecords(): RecordBatch {
  return batchOf(common, 0);
}

/** Records with lists, which Chroma takes from 1.5 on. */
export function listRecords(): RecordBatch {
  return batchOf(lists, common.length);
}

/** What arrived otherwise than it was written, one sentence each. */
export function compareWritten(written: readonly RecordBatch[], arrived: PointBatch): string[] {
  const rows = new Map(arrived.ids.map((id, row) => [id, row]));
  return written.flatMap((batch) =>
    batch.ids.flatMap((id, row) => {
      const found = rows.get(id);
      if (found === undefined) return [`Record ${JSON.stringify(id)} did not arrive.`];
      return differences(batch, row, arrived, found).map(
        (what) => `Record ${JSON.stringify(id)} arrived with another ${what} than was written.`,
      );
    }),
  );
}

function differences(
  written: RecordBatch,
  row: number,
  arrived: RecordBatch,
  found: number,
): string[] {
  const { documents, uris, metadata } = written.payload;
  const there = arrived.payload;
  const json = (text: string | null | undefined) => canonicalJson(text ?? "{}");
  return [
    ...((documents[row] ?? null) === (there.documents[found] ?? null) ? [] : ["document"]),
    ...((uris[row] ?? null) === (there.uris[found] ?? null) ? [] : ["uri"]),
    ...(json(metadata[row]) === json(there.metadata[found]) ? [] : ["metadata"]),
    ...(bitsOf(written, row) === bitsOf(arrived, found) ? [] : ["vector"]),
  ];
}

function bitsOf({ vectors }: RecordBatch, row: number): string {
  const data = denseVector({ vectors })?.data ?? new Float32Array(0);
  const bits = new Uint32Array(data.slice(row * dimension, (row + 1) * dimension).buffer);
  return bits.join(" ");
}

function record(id: string, document: string | null, metadata: string | null): Awkward {
  return { id, document, uri: null, metadata };
}

/** Vectors of many lengths that all differ, with components that are no round numbers, a zero and a tiny one among them. */
function batchOf(records: readonly Awkward[], from: number): RecordBatch {
  const data = new Float32Array(records.length * dimension);
  records.forEach((_, row) => {
    for (let i = 0; i < dimension; i += 1)
      data[row * dimension + i] = (from + row + 1) * Math.sin((from + row) * 7 + i + 1);
    data[row * dimension] = row % 2 === 0 ? 0 : 1e-30;
  });
  return {
    ids: records.map(({ id }) => id),
    vectors: new Map([[defaultVector, { kind: "dense", dimension, data, present: null }]]),
    payload: {
      documents: records.map(({ document }) => document),
      uris: records.map(({ uri }) => uri),
      metadata: records.map(({ metadata }) => metadata),
    },
  };
}
