/** The embeddings of an answer, from its bytes straight into float32: neither a string nor an array of numbers in between. */
import { byte, expectByte, malformed, skipSpace, skipValue } from "../../util/json-bytes.ts";
import { type Cursor, cursorAt, scanNumber, scanUsual } from "../../util/number-bytes.ts";
import { notChroma } from "./answer.ts";

/** A row that is no vector of the collection: none at all, of another length, or with a component that is not finite. */
export type OddRow =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "not-finite"; readonly component: number };

/** The column as the server wrote it: servers before 1.0 leave rows out. */
export interface Embeddings {
  readonly rows: number;
  /** The collection's; where it was not known, the length of the first vector that is not empty; 0 = there is none. */
  readonly dimension: number;
  /** Row-major. The rows in `odd` mean nothing. */
  readonly data: Float32Array;
  readonly odd: ReadonlyMap<number, OddRow>;
}

export interface EmbeddingsOptions {
  /** Rows that were asked for. */
  readonly rowsMax: number;
  /** 0 = not known. */
  readonly dimension: number;
}

const { comma, minus, zero, openBracket, closeBracket } = byte;
const nine = zero + 9;

/**
 * Reads the array whose bracket stands at `from`. `end` is the index behind it. Each component is
 * `Math.fround(Number(text))`; null is what servers before 1.5 write for one that is not finite.
 * @throws SyntaxError; E_BAD_RESPONSE for anything but rows of numbers and nulls, and for more of them than were asked for
 */
export function scanEmbeddings(
  bytes: Buffer,
  from: number,
  { rowsMax, dimension: known }: EmbeddingsOptions,
): { readonly column: Embeddings; readonly end: number } {
  const cursor = cursorAt(bytes, from);
  if (bytes[from] !== openBracket) throw notChroma("embeddings is not an array");
  const odd = new Map<number, OddRow>();
  let dimension = known;
  let data = new Float32Array(rowsMax * dimension);
  let rows = 0;
  for (let more = enter(cursor); more; more = next(cursor)) {
    if (rows === rowsMax) throw notChroma("more embeddings than records that were asked for");
    if (dimension === 0) {
      dimension = lengthAt(cursor);
      data = new Float32Array(rowsMax * dimension);
    }
    const found = scanRow(cursor, data.subarray(rows * dimension, (rows + 1) * dimension));
    if (found !== null) odd.set(rows, found);
    rows += 1;
  }
  return { column: { rows, dimension, data, odd }, end: cursor.at };
}

/** Reads the row at the cursor into `target`; what is odd about it, or null. */
function scanRow(cursor: Cursor, target: Float32Array): OddRow | null {
  if (takesNull(cursor)) return { kind: "none" };
  if (cursor.bytes[cursor.at] !== openBracket) throw notChroma("an embedding is not an array");
  const dimension = target.length;
  let length = 0;
  let component = -1;
  for (let more = enter(cursor); more; more = next(cursor)) {
    length = scanUsual(cursor, target, length);
    cursor.at = skipSpace(cursor.bytes, cursor.at);
    const value = scanComponent(cursor);
    // A Float32Array rounds what it takes as Math.fround does, and drops what lies beyond its end.
    target[length] = value;
    if (component < 0 && !Number.isFinite(Math.fround(value))) component = length;
    length += 1;
  }
  // An empty one stands here for no dimension yet.
  if (length !== dimension || length === 0) return { kind: "length", length };
  return component < 0 ? null : { kind: "not-finite", component };
}

function scanComponent(cursor: Cursor): number {
  const { bytes, at } = cursor;
  const code = bytes[at] ?? 0;
  if (code === minus || (code >= zero && code <= nine)) return scanNumber(cursor);
  if (takesNull(cursor)) return Number.NaN;
  skipValue(bytes, at);
  throw notChroma("a component is not a number");
}

const nullText = Buffer.from("null");

/** Steps over a null. */
function takesNull(cursor: Cursor): boolean {
  const { bytes, at } = cursor;
  if (bytes[at] !== nullText[0]) return false;
  cursor.at = at + nullText.length;
  if (!nullText.equals(bytes.subarray(at, cursor.at))) throw malformed(at);
  return true;
}

/** Steps into the array at the cursor; whether it has an element. */
function enter(cursor: Cursor): boolean {
  const { bytes, at } = cursor;
  cursor.at = skipSpace(bytes, expectByte(bytes, at, openBracket));
  if (bytes[cursor.at] !== closeBracket) return true;
  cursor.at += 1;
  return false;
}

/** Steps from behind an element to the next one; false = behind the array. */
function next(cursor: Cursor): boolean {
  const { bytes } = cursor;
  const at = skipSpace(bytes, cursor.at);
  if (bytes[at] === closeBracket) {
    cursor.at = at + 1;
    return false;
  }
  cursor.at = skipSpace(bytes, expectByte(bytes, at, comma));
  return true;
}

/** Components of the row at the cursor, which stays; 0 where there is none. */
function lengthAt({ bytes, at }: Cursor): number {
  const cursor = cursorAt(bytes, at);
  if (bytes[at] !== openBracket) return 0;
  let length = 0;
  for (let more = enter(cursor); more; more = next(cursor)) {
    scanComponent(cursor);
    length += 1;
  }
  return length;
}
