/** What flags and variables may hold: one schema a kind of value. A message completes the sentence "--flag …". */
import { z } from "zod";
import {
  type PayloadIndex,
  type PayloadIndexType,
  payloadIndexTypes,
} from "../model/collection.ts";
import type { Distance } from "../model/distance.ts";
import type { CheckSubset } from "../store/archive.ts";
import { portOrOff, text } from "../util/setting-values.ts";

export { grpcPort, host, oneOf, onOff, port, text, wholeNumber } from "../util/setting-values.ts";

/** A port to answer gRPC at: 0 = any that is free, `off` = none. */
export const ownGrpcPort = portOrOff(0);

/** A number with or without a fraction, within bounds. */
export function fraction(min: number, max: number) {
  const message = `must be a number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/, message)
    .transform(Number)
    .pipe(z.number().min(min, message).max(max, message));
}

/** A host's name or an IP address, to listen on. */
export const listenAddress = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]*$|^[0-9a-f:.]*:[0-9a-f:.]*$/i, "must be a host or an IP address");

/** Files of a report; what is written into each is told by its ending. */
export const reportFiles = z.array(
  text.refine((name) => /\.(json|html)$/.test(name), "must end in .json or .html"),
);

/** A part of an archive's files: `10%`, or `1/7`. */
export const dataSubset = z.string().transform((value, context): CheckSubset => {
  const [, percent] = /^(\d{1,3}(?:\.\d+)?)%$/.exec(value) ?? [];
  const share = Number(percent) / 100;
  if (share > 0 && share <= 1) return { share };
  const [, slice, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(value)?.map(Number) ?? [];
  if (slice !== undefined && of !== undefined && slice >= 1 && slice <= of) return { slice, of };
  context.addIssue({
    code: "custom",
    message: "must be a percentage above 0 (10%) or a part (1/7)",
  });
  return z.NEVER;
});

/** A list of texts; none of them empty. */
export const texts = z.array(text);

/** `NAME=TEXT` entries; a name at most once. */
export const pairs = z.array(text).transform((entries, context) => {
  const map = new Map<string, string>();
  for (const [index, entry] of entries.entries()) {
    const at = entry.indexOf("=");
    const fault =
      at < 1 || at === entry.length - 1
        ? "must be NAME=TEXT"
        : map.has(entry.slice(0, at))
          ? "must name a collection only once"
          : null;
    if (fault !== null) {
      context.addIssue({ code: "custom", message: fault, path: [index] });
      return z.NEVER;
    }
    map.set(entry.slice(0, at), entry.slice(at + 1));
  }
  return map;
});

/** `KEY` or `KEY:TYPE`; without a type, keyword; a key at most once. */
export const payloadIndexes = z.array(text).transform((entries, context): PayloadIndex[] => {
  const indexes = entries.map((entry, index): PayloadIndex => {
    const at = entry.lastIndexOf(":");
    if (at < 0) return { key: entry, type: "keyword" };
    const type = payloadIndexTypes.find((each): each is PayloadIndexType => {
      return each === entry.slice(at + 1);
    });
    if (type !== undefined && at > 0) return { key: entry.slice(0, at), type };
    const types = payloadIndexTypes.join(", ");
    const message = `must be KEY or KEY:TYPE with a type of ${types} (a key that holds a colon needs its type)`;
    context.addIssue({ code: "custom", message, path: [index] });
    return { key: entry, type: "keyword" };
  });
  const again = indexes.findIndex(({ key }, at) =>
    indexes.some((one, i) => i < at && one.key === key),
  );
  if (again !== -1)
    context.addIssue({ code: "custom", message: "must name a key only once", path: [again] });
  return indexes;
});

const distanceWords: Readonly<Record<string, Distance>> = {
  cosine: "cosine",
  ip: "ip",
  dot: "ip",
  l2: "l2",
  euclid: "l2",
  euclidean: "l2",
};

/** A distance in Chroma's words or in Qdrant's, in any case. */
export const distance = z.string().transform((word, context): Distance => {
  const found = Object.hasOwn(distanceWords, word.toLowerCase())
    ? distanceWords[word.toLowerCase()]
    : undefined;
  if (found !== undefined) return found;
  context.addIssue({
    code: "custom",
    message: "must be cosine, ip (dot) or l2 (euclid)",
  });
  return z.NEVER;
});

/** `Name: value` lines; no line breaks, which would smuggle in further headers. */
export const headers = z.array(text).transform((lines, context) => {
  const record: Record<string, string> = {};
  for (const [index, line] of lines.entries()) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9a-z-]+):[ \t]*([^\r\n]+)$/i.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      context.addIssue({ code: "custom", message: "must be 'Name: value'", path: [index] });
      return z.NEVER;
    }
    record[name] = value;
  }
  return record;
});

/** JSON text; what is in it is checked by who uses it. */
export const json = z.string().transform((value, context): unknown => {
  try {
    return JSON.parse(value);
  } catch {
    context.addIssue({ code: "custom", message: "must be JSON" });
    return z.NEVER;
  }
});
