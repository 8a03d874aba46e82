/** Finds the records that a Chroma would refuse, or keep otherwise than they are, before any of their batch is sent. */
import { VectorError } from "../../errors.ts";
import type { DenseColumn, FailureReason, RecordBatch, RecordFailure } from "../../model/record.ts";
import { denseVector } from "../../model/vector-column.ts";
import { type JsonValue, parseLossless } from "../../util/json.ts";
import type { RecordBounds, Takes } from "./takes.ts";

/** What is asked of a record, beside what the version says. */
export interface CheckOptions {
  readonly takes: Takes;
  /** Whether lists are taken, as was found out. */
  readonly lists: boolean;
  readonly dimension: number;
  /** Keys that will stand beside those of the metadata. */
  readonly ownKeys: number;
  /** Whether a list may hold integers and floats, all of which are kept as floats: true where an application's numbers are neither. */
  readonly mixedNumbers: boolean;
  /** The id under which a row will stand. */
  readonly keyOf: (row: number) => string;
}

interface Fault {
  readonly reason: FailureReason;
  readonly detail: string;
}

/** The records that cannot be held, each with its reason; in the order of the batch. */
export function recordFaults(batch: RecordBatch, options: CheckOptions): RecordFailure[] {
  return batch.ids.flatMap((id, row) => {
    const fault = faultOf(batch, row, options);
    return fault === null ? [] : [{ id, ...fault }];
  });
}

/** @throws E_REJECTED, with all of them in `details.failures`, where there are any */
export function assertHeld(batch: RecordBatch, options: CheckOptions): void {
  const failures = recordFaults(batch, options);
  const [first] = failures;
  if (first === undefined) return;
  const rest = failures.length === 1 ? "" : ` (and ${failures.length - 1} more records)`;
  const tooLarge = failures.every(({ reason }) => reason === "too-large");
  throw new VectorError("E_REJECTED", `${first.detail}${rest}`, {
    next: "Write the other records without these.",
    details: { failures, tooLarge },
  });
}

/** Whether any row's metadata has a list. */
export function hasLists(batch: RecordBatch): boolean {
  return batch.payload.metadata.some((text) => {
    if (text === null || !text.includes("[")) return false;
    const value = decoded(text);
    return value !== null && Object.values(value).some((member) => Array.isArray(member));
  });
}

function faultOf(batch: RecordBatch, row: number, options: CheckOptions): Fault | null {
  const key = options.keyOf(row);
  const { takes } = options;
  if (key === "" && !takes.emptyIds) {
    return { reason: "id-refused", detail: "The id is empty, which this Chroma refuses." };
  }
  return (
    vectorFault(denseVector(batch), row, options.dimension) ??
    metadataFault(batch.payload.metadata[row] ?? null, options) ??
    (takes.bounds === null ? null : sizeFault(batch, row, key, options.ownKeys, takes.bounds))
  );
}

function vectorFault(column: DenseColumn | undefined, row: number, wanted: number): Fault | null {
  if (column === undefined || column.present?.[row] === 0)
    return { reason: "no-vector", detail: "The record has no vector." };
  const { data, dimension } = column;
  if (dimension !== wanted) {
    return {
      reason: "wrong-dimension",
      detail: `The vector has ${dimension} components where the collection has ${wanted}.`,
    };
  }
  for (let index = row * dimension; index < (row + 1) * dimension; index += 1) {
    if (Number.isFinite(data[index])) continue;
    const component = index - row * dimension;
    return {
      reason: "not-finite",
      detail: `Component ${component} of the vector is not a finite float32.`,
    };
  }
  return null;
}

function metadataFault(text: string | null, options: CheckOptions): Fault | null {
  if (text === null) return null;
  const metadata = decoded(text);
  if (metadata === null)
    return { reason: "metadata-not-json", detail: "The metadata is no JSON object." };
  for (const [key, value] of Object.entries(metadata)) {
    const fault = keyFault(key, options) ?? valueFault(key, value, options);
    if (fault !== null) return fault;
  }
  return null;
}

function decoded(text: string): { readonly [key: string]: JsonValue } | null {
  try {
    const value = parseLossless(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? value : null;
  } catch {
    return null;
  }
}

function keyFault(key: string, { takes }: CheckOptions): Fault | null {
  const named = JSON.stringify(key);
  if (key.startsWith("chroma:")) {
    return {
      reason: "reserved-key",
      detail: `The metadata has the key ${named}, and what begins with chroma: is Chroma's own.`,
    };
  }
  if (takes.oddKeys || !/^(?:$|[#$])/.test(key)) return null;
  return {
    reason: "rejected",
    detail: `A Chroma takes no key ${named} in metadata: an empty one, or one that begins with # or $.`,
  };
}

function valueFault(key: string, value: JsonValue, options: CheckOptions): Fault | null {
  const what = unheld(value, options);
  if (what === null) return null;
  return {
    reason: "rejected",
    detail: `This Chroma cannot hold the value of ${JSON.stringify(key)} in the metadata: ${what}.`,
  };
}

/** Why a value cannot be held; null = it can. */
function unheld(value: JsonValue, { lists, mixedNumbers }: CheckOptions): string | null {
  if (value === null) return "null is no value there";
  if (Array.isArray(value)) {
    if (!lists) return "it is a list, and they are taken from 1.5.0 on";
    return listFault(value, mixedNumbers);
  }
  return scalarFault(value);
}

/** Of other types than one it is refused; of integers and floats, all are made floats. */
function listFault(list: readonly JsonValue[], mixedNumbers: boolean): string | null {
  if (list.length === 0) return "an empty list is dropped";
  const types = new Set(list.map((member) => typeof member));
  if (mixedNumbers && list.every(isExactNumber)) return null;
  if (types.size > 1) return "the list mixes types";
  const faults = list.map((member) =>
    member === null ? "null is no value there" : scalarFault(member),
  );
  return faults.find((fault) => fault !== null) ?? null;
}

/** Whether a float64 holds it. */
function isExactNumber(value: JsonValue): boolean {
  if (typeof value === "bigint") return BigInt(Number(value)) === value;
  return typeof value === "number" && Number.isFinite(value);
}

function scalarFault(value: JsonValue): string | null {
  if (typeof value === "object") return "it is an object or a list within another";
  if (typeof value === "number" && !Number.isFinite(value)) return "it is no float64";
  if (typeof value !== "bigint") return null;
  return BigInt.asIntN(64, value) === value ? null : "the integer has more than 64 bits";
}

function sizeFault(
  { payload }: RecordBatch,
  row: number,
  key: string,
  own: number,
  bounds: RecordBounds,
): Fault | null {
  const metadata = Object.entries(decoded(payload.metadata[row] ?? "{}") ?? {});
  const values = metadata.flatMap(([, value]) => (typeof value === "string" ? [value] : []));
  const found: readonly [what: string, size: number, max: number][] = [
    ["id", bytes(key), bounds.idBytes],
    ["document", bytes(payload.documents[row] ?? ""), bounds.documentBytes],
    ["uri", bytes(payload.uris[row] ?? ""), bounds.uriBytes],
    ["longest key of the metadata", longest(metadata.map(([name]) => name)), bounds.keyBytes],
    ["longest value of the metadata", longest(values), bounds.valueBytes],
  ];
  const over = found.find(([, size, max]) => size > max);
  if (over !== undefined) {
    const [what, size, max] = over;
    return { reason: "too-large", detail: `The ${what} has ${size} bytes; the quota is ${max}.` };
  }
  const keys = metadata.length + own;
  if (keys <= bounds.keys) return null;
  return {
    reason: "too-large",
    detail: `The metadata has ${keys} keys, ours among them; the quota is ${bounds.keys}.`,
  };
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}

function longest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, bytes(text)), 0);
}
