/** Finds the records that a Chroma would refuse, or keep otherwise than they are, before any of their batch is sent. */
import { VectorError } from "../../errors.ts";
import type { DenseColumn, FailureReason, RecordBatch, RecordFailure } from "../../model/record.ts";
import { denseVector } from "../../model/vector-column.ts";
import { type JsonValue, parseLossless } from "../../util/json.ts";
import { spelledFloat } from "./float-spelling.ts";
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
  /** Whether a number must be kept as the very one that it is: false for an application's, which has written it as anyone does. */
  readonly exactNumbers: boolean;
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
  if (!key.isWellFormed()) {
    return {
      reason: "id-refused",
      detail: "The id is no Unicode text: it has half a surrogate pair.",
    };
  }
  return (
    vectorFault(denseVector(batch), row, options.dimension) ??
    textFault(batch, row) ??
    metadataFault(batch.payload.metadata[row] ?? null, options) ??
    bodyFault(batch, row, options) ??
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

function textFault({ payload }: RecordBatch, row: number): Fault | null {
  const { documents, uris } = payload;
  const odd = [
    { what: "document", text: documents[row] },
    { what: "uri", text: uris[row] },
  ].find(({ text }) => text?.isWellFormed() === false);
  return odd === undefined ? null : noText(odd.what);
}

function noText(what: string): Fault {
  return {
    reason: "rejected",
    detail: `The ${what} is no Unicode text: it has half a surrogate pair.`,
  };
}

/** Of UTF-8 for a UTF-16 unit in JSON, at most: an escape. */
const unitBytesMax = 6;
/** Of a component as text, at most, and of all that stands around a record. */
const componentBytes = 16;
const aroundBytes = 1024;

/** A record whose request no server takes, though it is alone in it. */
function bodyFault(
  batch: RecordBatch,
  row: number,
  { dimension, takes }: CheckOptions,
): Fault | null {
  if (takes.bodyBytes === null) return null;
  const { documents, metadata, uris } = batch.payload;
  const texts = [batch.ids[row] ?? "", documents[row] ?? "", uris[row] ?? ""];
  const own = metadata[row] ?? "";
  const room = takes.bodyBytes - dimension * componentBytes - aroundBytes;
  const units = texts.reduce((sum, text) => sum + text.length, own.length);
  if (units * unitBytesMax <= room) return null;
  const size = texts.reduce((sum, text) => sum + bytes(JSON.stringify(text)), bytes(own));
  if (size <= room) return null;
  return {
    reason: "too-large",
    detail: `The record has ${size} bytes of text; a request to this Chroma has ${takes.bodyBytes}, its vector included.`,
  };
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
  if (!key.isWellFormed()) return noText(`key ${named} of the metadata`);
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
function unheld(value: JsonValue, options: CheckOptions): string | null {
  const { lists } = options;
  if (value === null) return "null is no value there";
  if (Array.isArray(value)) {
    if (!lists) return "it is a list, and they are taken from 1.5.0 on";
    return listFault(value, options);
  }
  return scalarFault(value, options);
}

/** Of other types than one it is refused; of integers and floats, all are made floats. */
function listFault(list: readonly JsonValue[], options: CheckOptions): string | null {
  if (list.length === 0) return "an empty list is dropped";
  const types = new Set(list.map((member) => typeof member));
  if (options.mixedNumbers && list.every(isExactNumber)) return null;
  if (types.size > 1) return "the list mixes types";
  const faults = list.map((member) =>
    member === null ? "null is no value there" : scalarFault(member, options),
  );
  return faults.find((fault) => fault !== null) ?? null;
}

/** Whether a float64 holds it. */
function isExactNumber(value: JsonValue): boolean {
  if (typeof value === "bigint") return BigInt(Number(value)) === value;
  return typeof value === "number" && Number.isFinite(value);
}

function scalarFault(value: JsonValue, { exactNumbers, takes }: CheckOptions): string | null {
  if (typeof value === "object") return "it is an object or a list within another";
  if (typeof value === "string")
    return value.isWellFormed() ? null : "it is no Unicode text, with half a surrogate pair in it";
  if (typeof value === "number") {
    if (!Number.isFinite(value)) return "it is no float64";
    if (!exactNumbers || isKept(value, takes)) return null;
    return `${value} is read there as another number`;
  }
  if (typeof value !== "bigint") return null;
  return BigInt.asIntN(64, value) === value ? null : "the integer has more than 64 bits";
}

function isKept(value: number, { floatReads }: Takes): boolean {
  return !Object.is(value, -0) && spelledFloat(value.toExponential(), floatReads) !== null;
}

function sizeFault(
  batch: RecordBatch,
  row: number,
  key: string,
  own: number,
  bounds: RecordBounds,
): Fault | null {
  const { payload } = batch;
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
  const dimension = denseVector(batch)?.dimension ?? 0;
  if (dimension > bounds.dimension) {
    const detail = `The vector has ${dimension} components; the quota is ${bounds.dimension}.`;
    return { reason: "too-large", detail };
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
