/** Answers: decoded, checked, and named where they are not Chroma's. */
import { z } from "zod";
import { VectorError } from "../../errors.ts";

/** Makes something of an answer's text; throws SyntaxError, ZodError or `notChroma` where it cannot. */
export type Parse<T> = (text: string) => T;

/** The same, of its bytes, which are UTF-8. */
export type ParseBytes<T> = (bytes: Buffer) => T;

/** Parses `answer` and names what is wrong with it: places and types, never a record's contents. @throws E_BAD_RESPONSE */
export function decode<Answer, T>(answer: Answer, parse: (answer: Answer) => T): T {
  try {
    return parse(answer);
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
