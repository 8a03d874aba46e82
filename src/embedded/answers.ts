/** Answers as the client gives them, decoded in several turns of the event loop where they are long. */
import { setImmediate } from "node:timers/promises";
import { isObject, parsePlain } from "../util/json.ts";
import { isTurnOver } from "./turn.ts";

/** Bytes; a shorter answer is decoded at once: in a few milliseconds. */
const longMin = 256 * 1024;
/** Bytes that are decoded in one go. */
const pieceLength = 64 * 1024;
const pointsBegin = '{"points":[';
/** Between two points. It has quotes that stand for themselves, so that no string holds it. */
const betweenPoints = '},{"id":';

/** The decoded JSON text of a `result`, in UTF-8, as `parsePlain` gives it. */
export function parseAnswer(bytes: Uint8Array): unknown | Promise<unknown> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (text.length < longMin) return parsePlain(text.toString());
  const begin = text.toString("latin1", 0, pointsBegin.length);
  if (begin.startsWith("[")) return parseByPieces(text, 1);
  return begin === pointsBegin
    ? parseByPieces(text, pointsBegin.length)
    : parsePlain(text.toString());
}

/** A list of points that begins at `from` is decoded by pieces; what stands around it, after them. */
async function parseByPieces(text: Buffer, from: number): Promise<unknown> {
  const end = text.lastIndexOf("]");
  const points: unknown[] = [];
  for (let at = from; at < end; ) {
    const between = text.indexOf(betweenPoints, at + pieceLength);
    const pieceEnd = between === -1 || between > end ? end : between + 1;
    const piece = parsePiece(`[${text.toString("utf8", at, pieceEnd)}]`);
    // The text was cut within a point, which is seen by its brackets: one has as many of both, a piece of it has not.
    if (piece === null) return parsePlain(text.toString());
    for (const point of piece) points.push(point);
    at = pieceEnd + 1;
    if (isTurnOver()) await setImmediate();
  }
  const around = parsePlain(text.toString("utf8", 0, from) + text.toString("utf8", end));
  return isObject(around) ? Object.assign(around, { points }) : points;
}

function parsePiece(text: string): unknown[] | null {
  try {
    return parsePlain(text) as unknown[];
  } catch {
    return null;
  }
}
