/**
 * Point ids as keys: bytes that sort as Qdrant sorts ids (numbers ascending, then UUIDs ascending).
 *
 *     number   01  8 bytes big-endian
 *     UUID     02  16 bytes
 */
import { badInput } from "../errors.ts";

/** A parsed id: four words; a number has its upper half in `c` and its lower half in `d`. */
export interface PointKey {
  kind: 1 | 2;
  a: number;
  b: number;
  c: number;
  d: number;
}

/** Has no leading zeros, and is exact as a double. */
const smallDecimal = /^(?:0|[1-9]\d{0,14})$/;
const decimal = /^\d{1,20}$/;
const canonicalUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const looseUuid =
  /^(?:urn:uuid:)?(\{)?([0-9a-f]{8})(-?)([0-9a-f]{4})\3([0-9a-f]{4})\3([0-9a-f]{4})\3([0-9a-f]{12})(\})?$/i;
const maxNumber = 2n ** 64n - 1n;

/** The one spelling of a point id: a decimal without leading zeros, or a lowercase hyphenated UUID; null where it is none. */
export function canonicalPointId(id: string): string | null {
  if (smallDecimal.test(id) || canonicalUuid.test(id)) return id;
  if (decimal.test(id)) {
    const value = BigInt(id);
    return value <= maxNumber ? value.toString() : null;
  }
  const parts = looseUuid.exec(id);
  if (parts === null || (parts[1] === undefined) !== (parts[8] === undefined)) return null;
  return [parts[2], parts[4], parts[5], parts[6], parts[7]].join("-").toLowerCase();
}

const uuidBytes = 16;

/**
 * The UUID that a JSON list of its bytes is, decoded without loss; null where it is none. What stands behind the bytes is passed over.
 * Source: what qdrant 1.18.2 takes for a point id.
 */
export function uuidOfBytes(list: readonly unknown[]): string | null {
  const bytes = list.slice(0, uuidBytes);
  const isByte = (value: unknown) => typeof value === "bigint" && value >= 0n && value <= 255n;
  if (bytes.length < uuidBytes || !bytes.every(isByte)) return null;
  return canonicalPointId(Buffer.from(bytes.map(Number)).toString("hex"));
}

/** Reads `id` into `key`. @throws E_INPUT where it is no point id */
export function parsePointId(id: string, key: PointKey): void {
  if (id.length === 36 && id.charCodeAt(8) === 45 && canonicalUuid.test(id)) {
    key.kind = 2;
    key.a = Number.parseInt(id.slice(0, 8), 16);
    key.b = Number.parseInt(id.slice(9, 13) + id.slice(14, 18), 16);
    key.c = Number.parseInt(id.slice(19, 23) + id.slice(24, 28), 16);
    key.d = Number.parseInt(id.slice(28), 16);
    return;
  }
  if (smallDecimal.test(id)) {
    const value = Number(id);
    setNumber(key, Math.floor(value / 2 ** 32), value >>> 0);
    return;
  }
  const canonical = canonicalPointId(id);
  if (canonical === null) {
    throw badInput(
      `value ${id.slice(0, 100)} is not a valid point ID, valid values are either an unsigned integer or a UUID`,
    );
  }
  if (canonical.length === 36) {
    parsePointId(canonical, key);
    return;
  }
  const value = BigInt(canonical);
  setNumber(key, Number(value >> 32n), Number(value & 0xffffffffn));
}

function setNumber(key: PointKey, upper: number, lower: number): void {
  key.kind = 1;
  key.a = 0;
  key.b = 0;
  key.c = upper;
  key.d = lower;
}

const hex = Array.from({ length: 65536 }, (_unused, value) => value.toString(16).padStart(4, "0"));
const half = (word: number): string => `${hex[word >>> 16]}${hex[word & 0xffff]}`;

/** The canonical spelling of a key. */
export function formatPointId({ kind, a, b, c, d }: PointKey): string {
  if (kind === 2) {
    return `${half(a)}-${hex[b >>> 16]}-${hex[b & 0xffff]}-${hex[c >>> 16]}-${hex[c & 0xffff]}${half(d)}`;
  }
  return c < 0x200000 ? String(c * 4294967296 + d) : ((BigInt(c) << 32n) | BigInt(d)).toString();
}

/** The key's bytes, as the points table keeps them. */
export function encodePointKey({ kind, a, b, c, d }: PointKey): Uint8Array {
  const bytes = new Uint8Array(kind === 1 ? 9 : 17);
  bytes[0] = kind;
  if (kind === 2) {
    putWord(bytes, 1, a);
    putWord(bytes, 5, b);
  }
  putWord(bytes, bytes.length - 8, c);
  putWord(bytes, bytes.length - 4, d);
  return bytes;
}

/** Big-endian. */
function putWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

/** Reads a key's bytes into `key`; false where they are none. */
export function decodePointKey(bytes: Uint8Array, key: PointKey): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[0] === 1 && bytes.length === 9) {
    key.kind = 1;
    key.a = 0;
    key.b = 0;
    key.c = view.getUint32(1);
    key.d = view.getUint32(5);
    return true;
  }
  if (bytes[0] !== 2 || bytes.length !== 17) return false;
  key.kind = 2;
  key.a = view.getUint32(1);
  key.b = view.getUint32(5);
  key.c = view.getUint32(9);
  key.d = view.getUint32(13);
  return true;
}
