/** What a setting that is given as text may hold: one schema a kind of value. A message completes the sentence "QDRANT_PORT …". */
import { z } from "zod";

/** Any text but the empty one. */
export const text = z.string("must be text").min(1, "must not be empty");
/** A flag without a value; its variable says true or false. */
export const onOff = z.union([z.literal(true), z.stringbool()], "must be true or false");

/** A whole number in decimal digits, within bounds. */
export function wholeNumber(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .pipe(z.number().min(min, message).max(max, message));
}

export const port = wholeNumber(1, 65_535);

/** A port, or `off`. */
export function portOrOff(min: number) {
  const message = `must be a whole number from ${min} to 65535, or off`;
  return z
    .string()
    .regex(/^(?:off|\d{1,5})$/, message)
    .transform((given) => (given === "off" ? given : Number(given)))
    .refine((given) => given === "off" || (given >= min && given <= 65_535), message);
}

/** A server's gRPC port; `off` = none is to be used. */
export const grpcPort = portOrOff(1);

/** One of a few words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, `must be one of ${words.join(", ")}`);
}

/** A host's name alone. */
export const host = z
  .string()
  .regex(
    /^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9._-]*[a-z0-9])?\.?)$/i,
    "must be the name of a host alone, without scheme, port or path",
  );
