/** Records to measure with: real ones where the shared data are at hand, made ones otherwise. */
import { createReadStream, existsSync, openSync, readSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { seededRandom } from "../src/util/seeded-random.ts";

const shared = path.resolve(import.meta.dirname, "../../shared/data");

export interface BenchRecord {
  readonly id: string;
  readonly vector: Float32Array;
  readonly document: string;
  readonly metadata: Record<string, string | number | boolean>;
}

/** What the records are, for the heading. */
export function describeData(dimension: number): string {
  return isReal(dimension) ? "real texts with MiniLM embeddings" : "made vectors and texts";
}

function isReal(dimension: number): boolean {
  return dimension === 384 && existsSync(path.join(shared, "debian.f32"));
}

/** `count` records in a fixed order; the same ones at every call. */
export async function* benchRecords(count: number, dimension: number): AsyncGenerator<BenchRecord> {
  if (isReal(dimension)) yield* realRecords(count);
  else for (let row = 0; row < count; row += 1) yield madeRecord(row, dimension);
}

const realRows = 60_000;

/** Fills in the vector of a record by its number: the same vectors as `benchRecords` gives. */
export function vectorFiller(dimension: number): (row: number, target: Float32Array) => void {
  if (!isReal(dimension)) return (row, target) => target.set(madeRecord(row, dimension).vector);
  const file = openSync(path.join(shared, "debian.f32"), "r");
  return (row, target) => {
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    readSync(file, bytes, 0, bytes.length, (row % realRows) * bytes.length);
  };
}

async function* realRecords(count: number): AsyncGenerator<BenchRecord> {
  const file = openSync(path.join(shared, "debian.f32"), "r");
  const bytes = Buffer.alloc(384 * 4);
  for (let start = 0; start < count; start += realRows) {
    const lines = createInterface({
      input: createReadStream(path.join(shared, "debian.jsonl.gz")).pipe(createGunzip()),
    });
    let row = 0;
    for await (const line of lines) {
      if (start + row >= count) return;
      readSync(file, bytes, 0, bytes.length, row * bytes.length);
      const { id, document, metadata } = JSON.parse(line) as Omit<BenchRecord, "vector">;
      const vector = new Float32Array(
        bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
      );
      yield { id: start === 0 ? id : `${id}#${start}`, vector, document, metadata };
      row += 1;
    }
  }
}

function madeRecord(row: number, dimension: number): BenchRecord {
  return {
    id: `record-${row}`,
    vector: madeVector(row, dimension),
    document: `The text of record ${row}, which is about as long as a short sentence usually is.`,
    metadata: {
      section: `section-${row % 50}`,
      size: row,
      ratio: row / 7,
      essential: row % 2 === 0,
    },
  };
}

const centres = 1_000;
const centreSeed = 1_000_000_000;
const spread = 0.5;
const centresKnown = new Map<string, Float32Array>();

/** Around one of a thousand centres, as texts of one matter lie together: the record's number decides which, and how far from it. */
function madeVector(row: number, dimension: number): Float32Array {
  const random = seededRandom(row + 1);
  const centre = centreOf(Math.floor(random() * centres), dimension);
  return Float32Array.from(centre, (middle) => middle + (random() + random() - 1) * spread);
}

function centreOf(number: number, dimension: number): Float32Array {
  const key = `${number} ${dimension}`;
  let centre = centresKnown.get(key);
  if (centre === undefined) {
    const random = seededRandom(centreSeed + number);
    centre = Float32Array.from({ length: dimension }, () => random() * 2 - 1);
    centresKnown.set(key, centre);
  }
  return centre;
}
