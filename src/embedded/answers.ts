/** Answers as the client gives them, decoded in several turns of the event loop where they are long. */
import { setImmediate } from "node:timers/promises";
import { isObject, parsePlain } from "../util/json.ts";
import { isTurnOver } from "./turn.ts";

/** A shorter answer is decoded at once: in a few milliseconds. */
const longMin = 256 * 1024;
/** Decoded in one go. */
const pieceLength = 64 * 1024;
const pointsBegin = '{"points":[';
/** Between two points. It has quotes that stand for themselves, so that no string holds it. */
const betweenPoints = '},{"id":';

/** The decoded JSON text of a `result`, as `parsePlain` gives it. */
export function parseAnswer(text: string): unknown | Promise<unknown> {
  const isList = text.startsWith("[");
  if (text.length < longMin || !(isList || text.startsWith(pointsBegin))) return parsePlain(text);
  return inTurns(text, isList ? 1 : pointsBegin.length);
}

/** A list of points that begins at `from` is decoded by pieces; what stands around it, after them. */
async function inTurns(text: string, from: number): Promise<unknown> {
  const end = text.lastIndexOf("]");
  const points: unknown[] = [];
  for (let at = from; at < end; ) {
    const between = text.indexOf(betweenPoints, at + pieceLength);
    const pieceEnd = between === -1 || between > end ? end : between + 1;
    const piece = parsePiece(`[${text.slice(at, pieceEnd)}]`);
    // The text was cut within a point, which is seen by its brackets: one has as many of both, a piece of it has not.
    if (piece === null) return parsePlain(text);
    for (const point of piece) points.push(point);
    at = pieceEnd + 1;
    if (isTurnOver()) await setImmediate();
  }
  const around = parsePlain(text.slice(0, from) + text.slice(end));
  return isObject(around) ? Object.assign(around, { points }) : points;
}

function parsePiece(text: string): unknown[] | null {
  try {
    return parsePlain(text) as unknown[];
  } catch {
    return null;
  }
}
