/** Bodies as the client is given them, written as JSON text in several turns of the event loop where they are long. */
import { setImmediate } from "node:timers/promises";
import { stringifyPlain } from "../util/json.ts";
import { isTurnOver } from "./turn.ts";

/** Characters that are encoded in one go. */
const pieceLength = 64 * 1024;
/** Numbers and strings of a list that are written in one go. */
const runLength = 4096;
/** So far down is a body written part by part: to the members of points in an operation of a batch. */
const depthMax = 6;

/** The JSON text, as `stringifyPlain` gives it; or, where it takes more than a turn, the same in UTF-8. The value may not change meanwhile. */
export function bodyText(value: Record<string, unknown>): string | Promise<Uint8Array> {
  const parts = partsOf(value, depthMax);
  let text = "";
  for (let part = parts.next(); part.done !== true; part = parts.next()) {
    text += part.value;
    // Short ones are read within the call, however long the turn has been: their caller may change them at once.
    if (text.length >= pieceLength && isTurnOver()) return encodeInTurns(text, parts);
  }
  return text;
}

async function encodeInTurns(begun: string, parts: Generator<string>): Promise<Uint8Array> {
  const pieces = [Buffer.from(begun)];
  let text = "";
  const flush = (): void => {
    pieces.push(Buffer.from(text));
    text = "";
  };
  await setImmediate();
  for (const part of parts) {
    text += part;
    if (text.length >= pieceLength) flush();
    if (isTurnOver()) await setImmediate();
  }
  flush();
  return joined(pieces);
}

/** In a buffer of its own, which can be handed over. */
async function joined(pieces: readonly Uint8Array[]): Promise<Uint8Array> {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
    if (isTurnOver()) await setImmediate();
  }
  return bytes;
}

/** The text in parts that take little time each. */
function* partsOf(value: object, depth: number): Generator<string> {
  if (Array.isArray(value)) {
    yield "[";
    yield* elementsOf(value, depth);
    yield "]";
    return;
  }
  let before = "{";
  for (const [key, member] of Object.entries(value)) {
    const head = `${before}${JSON.stringify(key)}:`;
    if (isParted(member, depth)) {
      yield head;
      yield* partsOf(member, depth - 1);
    } else {
      const text = textOf(member);
      if (text === undefined) continue;
      yield head + text;
    }
    before = ",";
  }
  yield before === "{" ? "{}" : "}";
}

function* elementsOf(list: readonly unknown[], depth: number): Generator<string> {
  for (let at = 0; at < list.length; ) {
    const before = at === 0 ? "" : ",";
    const element = list[at];
    if (isParted(element, depth)) {
      yield before;
      yield* partsOf(element, depth - 1);
      at += 1;
    } else if (typeof element === "object") {
      yield before + (textOf(element) ?? "null");
      at += 1;
    } else {
      const end = runEnd(list, at);
      yield before + stringifyPlain(list.slice(at, end)).slice(1, -1);
      at = end;
    }
  }
}

/** Where the numbers, strings and the like that begin at `at` end, or have been enough. */
function runEnd(list: readonly unknown[], at: number): number {
  const most = Math.min(list.length, at + runLength);
  for (let end = at + 1; end < most; end += 1) if (typeof list[end] === "object") return end;
  return most;
}

/** Whether a value is written part by part: a plain list or object, which writes itself in no way of its own. */
function isParted(value: unknown, depth: number): value is object {
  if (depth <= 1 || typeof value !== "object" || value === null || "toJSON" in value) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}

/** `undefined` for what JSON has no text for. */
function textOf(value: unknown): string | undefined {
  return stringifyPlain(value) as string | undefined;
}
