/**
 * Floats in metadata, spelled so that a server keeps them. From 1.0 on a server reads a request's numbers with two roundings
 * (`util/serde-number.ts`), writes them into its queue as their shortest digits, and reads them from there in the same way: each of
 * 40,000 random doubles came back from 1.0.20 and 1.5.9 as this says. Every number that such a server can hold has a spelling that gives it;
 * one in ten of those with 17 digits it cannot hold. The servers before 1.0 read numbers as they are.
 */
import { eachElement, eachMember, floatText } from "../../util/json.ts";
import { neighboursOf, serdeReads, serdeSpelling } from "../../util/serde-number.ts";

/** How often a server reads a number before it keeps it, each time with two roundings; null = not known, so that once and twice must give the same. */
export type FloatReads = 0 | 1 | 2 | null;

/** Only such a text can hold a number that is read as another: 16 digits, or a large exponent. */
const suspicious = /\d[\d.]{15,}|\d[eE][+-]?\d\d/;
const float = /^-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)$/;

/** JSON text of a float that the server keeps as the one in `text`; null = it keeps none such. */
export function spelledFloat(text: string, reads: FloatReads): string | null {
  if (reads === 0 || !suspicious.test(text)) return text;
  const value = Number(text);
  if (reads === 1) return serdeSpelling(value);
  for (const queued of reads === null ? [value] : neighboursOf(value)) {
    if (again(queued) !== value) continue;
    const spelling = serdeSpelling(queued);
    if (spelling !== null) return spelling;
  }
  return null;
}

/** What is read from the shortest digits of a number. */
function again(value: number): number {
  return serdeReads(value.toExponential());
}

/** The float in `text` where the server keeps it, else the nearest that it keeps; none is more than a few units in the last place away. */
function nearestFloat(text: string, reads: FloatReads): string {
  const value = Number(text);
  if (Object.is(value, -0)) return "0.0";
  if (spelledFloat(text, reads) !== null) return text;
  const kept = neighboursOf(value).find((one) => spelledFloat(floatText(one), reads) !== null);
  return kept === undefined ? text : floatText(kept);
}

/** Metadata (JSON text of an object) with its floats, and those in its lists, spelled so; one that cannot be kept stays as it is. @throws SyntaxError */
export function spelledMetadata(metadata: string, reads: FloatReads): string {
  if (reads === 0 || !suspicious.test(metadata)) return metadata;
  return withFloats(metadata, (text) => spelledFloat(text, reads) ?? text);
}

/** The same with the nearest number that the server keeps for each that it cannot; text that is no JSON of an object stays as it is. */
export function nearestMetadata(metadata: string, reads: FloatReads): string {
  if (!suspicious.test(metadata) && !metadata.includes("-0")) return metadata;
  try {
    return withFloats(metadata, (text) => nearestFloat(text, reads));
  } catch (error) {
    if (error instanceof SyntaxError) return metadata;
    throw error;
  }
}

function withFloats(metadata: string, spell: (text: string) => string): string {
  let spelled = "";
  let done = 0;
  const visit = (start: number, end: number): void => {
    const text = metadata.slice(start, end);
    if (!float.test(text)) return;
    spelled += metadata.slice(done, start) + spell(text);
    done = end;
  };
  eachMember(metadata, (_key, start, end) => {
    if (metadata[start] !== "[") return visit(start, end);
    eachElement(metadata.slice(start, end), (_index, from, to) => {
      visit(start + from, start + to);
    });
  });
  return spelled + metadata.slice(done);
}
