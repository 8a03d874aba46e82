/** How large an answer may be: JavaScript has no longer strings, and the worker's memory is not the callers' to fill. */
import type { VectorError } from "../errors.ts";
import { badInput } from "./errors.ts";

/** Characters; a string of V8 has at most 2^29 − 24. The rest is room for what stands around. */
export const answerMax = 2 ** 29 - 2 ** 25;

/** Counts what an answer holds, text by text. The function throws E_INPUT (400) once it is more than `max`. */
export function answerMeter(max = answerMax): (text: string | null) => void {
  let length = 0;
  return (text) => {
    // With what stands between it and the next.
    length += (text?.length ?? 0) + 1;
    if (length > max) throw answerTooLarge();
  };
}

export function answerTooLarge(): VectorError {
  return badInput("Bad request: The answer would be over 512 MiB; ask for fewer points at a time");
}

/** JSON texts as the text of a list. @throws E_INPUT (400) where that is more than an answer may be */
export function listText(texts: Iterable<string>, max = answerMax): string {
  const count = answerMeter(max);
  const parts: string[] = [];
  for (const text of texts) {
    count(text);
    parts.push(text);
  }
  return `[${parts.join(",")}]`;
}
