/** What differs between two points: names of fields and keys, and types; never a value, for it may be a document or a secret. */
import type { PointBatch } from "../../model/record.ts";
import { denseVector } from "../../model/vector-column.ts";
import { canonicalJson } from "../../util/canonical.ts";
import { type JsonValue, parseLossless, stringifyLossless } from "../../util/json.ts";

/** One row of a batch. */
export interface PointAt {
  readonly batch: PointBatch;
  readonly row: number;
}

/** Differences that a sentence names at most. */
const namedMax = 8;

/** One sentence part: how `found` differs from `wanted`, which should be the same; empty where nothing does. */
export function describeDifference(wanted: PointAt, found: PointAt): string {
  const parts = [
    ...textFields(wanted, found),
    ...vectorParts(wanted, found),
    ...metadataParts(wanted, found),
    ...restParts(wanted, found),
  ];
  const named = parts.slice(0, namedMax).join("; ");
  return parts.length > namedMax ? `${named}; and ${parts.length - namedMax} more` : named;
}

/**
 * Whether the two differ in nothing but the last bits of vector and norm: each component by at most `ulps` steps of
 * float32, the norm by as many in proportion.
 */
export function sameButForUlps(one: PointAt, other: PointAt, ulps: number): boolean {
  const vector = vectorOf(one);
  const opposite = vectorOf(other);
  if (vector === null || opposite === null || vector.length !== opposite.length) return false;
  if (
    [...textFields(one, other), ...metadataParts(one, other), ...restParts(one, other)].length > 0
  )
    return false;
  const norm = normOf(one);
  if (Math.abs(norm - normOf(other)) > norm * ulps * 2 ** -23) return false;
  const bits = bitsOf(vector);
  const oppositeBits = bitsOf(opposite);
  return bits.every((word, index) => Math.abs(step(word) - step(oppositeBits[index] ?? 0)) <= ulps);
}

/**
 * How far the components of a normalized vector may be apart when those of the source's own may be so many ulps: both they and
 * the norm that divides them move, and rounding adds one.
 */
export function normalizedUlps(ulps: number): number {
  return 2 * ulps + 1;
}

function normOf({ batch, row }: PointAt): number {
  return batch.placement.norms[row] ?? Number.NaN;
}

/** Float32 bits as integers whose order and distances are those of the floats. */
function step(bits: number): number {
  return bits < 0x80000000 ? bits : 0x80000000 - bits;
}

function bitsOf(vector: Float32Array): Uint32Array {
  return new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
}

function vectorOf({ batch, row }: PointAt): Float32Array | null {
  const column = denseVector(batch);
  if (column === undefined || (column.present !== null && column.present[row] !== 1)) return null;
  return column.data.subarray(row * column.dimension, (row + 1) * column.dimension);
}

function textFields(wanted: PointAt, found: PointAt): string[] {
  const columns: [string, (point: PointAt) => string | null][] = [
    ["id", ({ batch, row }) => batch.ids[row] ?? null],
    ["tenant", ({ batch, row }) => batch.placement.tenants[row] ?? null],
    ["mark: run", ({ batch, row }) => batch.placement.runs[row] ?? null],
    ["mark: collection", ({ batch, row }) => batch.placement.collections[row] ?? null],
    ["document", ({ batch, row }) => batch.payload.documents[row] ?? null],
    ["uri", ({ batch, row }) => batch.payload.uris[row] ?? null],
  ];
  return columns.flatMap(([name, of]) => {
    const one = of(wanted);
    const other = of(found);
    return one === other ? [] : [`${name}: ${change(textKind(one), textKind(other))}`];
  });
}

function textKind(text: string | null): string {
  if (text === null) return "none";
  return text === "" ? "empty text" : "text";
}

function change(one: string, other: string): string {
  return one === other ? `another ${one}` : `${one} -> ${other}`;
}

function vectorParts(wanted: PointAt, found: PointAt): string[] {
  const one = vectorOf(wanted);
  const other = vectorOf(found);
  const parts: string[] = [];
  if (one === null || other === null) {
    if (one !== other) parts.push(`vector: ${one === null ? "none -> there" : "there -> none"}`);
  } else if (one.length !== other.length) {
    parts.push(`vector: ${one.length} -> ${other.length} components`);
  } else {
    const bits = bitsOf(other);
    const differing = bitsOf(one).reduce(
      (sum, word, index) => sum + Number(word !== bits[index]),
      0,
    );
    if (differing > 0) parts.push(`vector: ${differing} of ${one.length} components`);
  }
  const [norm, otherNorm] = [normOf(wanted), normOf(found)];
  if (!Object.is(norm, otherNorm)) parts.push("norm");
  return parts;
}

function metadataParts(wanted: PointAt, found: PointAt): string[] {
  const one = membersOf(wanted.batch.payload.metadata[wanted.row] ?? null);
  const other = membersOf(found.batch.payload.metadata[found.row] ?? null);
  if (one === null || other === null) return ["metadata: not JSON"];
  return [...new Set([...one.keys(), ...other.keys()])].flatMap((key) => {
    const name = `metadata ${JSON.stringify(key)}`;
    const value = one.get(key);
    const opposite = other.get(key);
    if (value === undefined) return [`${name}: added (${kindOf(opposite)})`];
    if (opposite === undefined) return [`${name}: lost (${kindOf(value)})`];
    return textOf(value) === textOf(opposite)
      ? []
      : [`${name}: ${change(kindOf(value), kindOf(opposite))}`];
  });
}

function membersOf(text: string | null): Map<string, JsonValue> | null {
  if (text === null) return new Map();
  try {
    const value = parseLossless(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    return new Map(Object.entries(value));
  } catch {
    return null;
  }
}

function textOf(value: JsonValue): string {
  return canonicalJson(stringifyLossless(value));
}

function kindOf(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) {
    const kinds = [...new Set(value.map(kindOf))];
    return kinds.length === 0 ? "empty list" : `list of ${kinds.join(" and ")}`;
  }
  if (typeof value === "bigint") return "integer";
  if (typeof value === "number") return "float";
  return typeof value;
}

function restParts(wanted: PointAt, found: PointAt): string[] {
  const one = wanted.batch.placement.rest[wanted.row] ?? null;
  const other = found.batch.placement.rest[found.row] ?? null;
  if (one === other) return [];
  const keys = membersOf(other);
  if (keys === null || keys.size === 0) return ["payload: keys of another's"];
  return [
    `payload keys that are not ours: ${[...keys.keys()].map((key) => JSON.stringify(key)).join(", ")}`,
  ];
}
