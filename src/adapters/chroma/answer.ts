/** Answers as text: decoded, checked, and named where they are not Chroma's. */
import { z } from "zod";
import { VectorError } from "../../errors.ts";

/** Makes something of an answer's text; throws SyntaxError, ZodError or `notChroma` where it cannot. */
export type Parse<T> = (text: string) => T;

/** Parses `text` and names what is wrong with it: places and types, never a record's contents. @throws E_BAD_RESPONSE */
export function decode<T>(text: string, parse: Parse<T>): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw notChroma("malformed JSON");
    if (error instanceof z.ZodError) {
      const [issue] = error.issues;
      throw notChroma(`${issue?.code ?? ""} at /${issue?.path.join("/") ?? ""}`);
    }
    throw error;
  }
}

/** What comes from the address is an answer, but not one of Chroma's. */
export function notChroma(what: string): VectorError {
  return new VectorError(
    "E_BAD_RESPONSE",
    `The server's answer is not what Chroma answers: ${what}.`,
  );
}
