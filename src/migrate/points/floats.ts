/**
 * Floats of payloads as a Qdrant server keeps them: it stores JSON text, and reads that with two roundings (`serdeReads`), again whenever
 * it rewrites a segment. One float in twelve of 16 or 17 digits comes back as its neighbour (Qdrant 1.18.2), however it was sent.
 */
import { pickRows } from "../../model/rows.ts";
import { canonicalJson } from "../../util/canonical.ts";
import { floatText } from "../../util/json.ts";
import { serdeReads } from "../../util/serde-number.ts";
import type { PointAt } from "../verify/describe.ts";

/** Times that a server has read a number, at most. */
const readingsMax = 8;

/** What was found, with the wanted payload where that is another in nothing but how a server reads floats. */
export function asWritten(wanted: PointAt, found: PointAt): PointAt {
  const text = wanted.batch.placement.rest[wanted.row] ?? null;
  const kept = found.batch.placement.rest[found.row] ?? null;
  if (text === null || kept === null || text === kept || !isReadAs(text, kept)) return found;
  const batch = pickRows(found.batch, [found.row]);
  return { batch: { ...batch, placement: { ...batch.placement, rest: [text] } }, row: 0 };
}

/** Whether a server that was given the one JSON text answers the other. */
export function isReadAs(given: string, answered: string): boolean {
  const [one, other] = [given, answered].map((text) => partsOf(canonicalJson(text)));
  if (one?.frame !== other?.frame) return false;
  return one?.floats.every((float, at) => isFloatReadAs(float, Number(other?.floats[at]))) === true;
}

function isFloatReadAs(given: string, answered: number): boolean {
  // By gRPC a server is given the double itself, and spells it as shortly as can be.
  return [given, floatText(Number(given))].some((text) => {
    let value = Number(text);
    for (let reading = 0; reading <= readingsMax; reading += 1) {
      if (Object.is(value, answered)) return true;
      value = serdeReads(reading === 0 ? text : floatText(value));
    }
    return false;
  });
}

/** The floats of a JSON text, and what stands around them. */
function partsOf(text: string): { readonly frame: string; readonly floats: readonly string[] } {
  const floats: string[] = [];
  const frame = text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (word) => {
    if (word.startsWith('"') || !/[.eE]/.test(word)) return word;
    floats.push(word);
    return "~";
  });
  return { frame, floats };
}
