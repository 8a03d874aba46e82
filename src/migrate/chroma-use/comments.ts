/** Code without its comments, line for line, so that what is only spoken of is not taken for used. */
import type { Language } from "./kinds.ts";

/** Comments, and strings that may hold the beginning of one; in Python texts in three quotes count as comments. */
const tokens: Readonly<Record<Language, RegExp>> = {
  python:
    /"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|#[^\n]*/g,
  javascript:
    /\/\*[\s\S]*?(?:\*\/|$)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`|\/\/[^\n]*/g,
};
const comment = /^(?:"""|'''|#|\/\*|\/\/)/;

/** Each comment is blank; every line stays in its place. */
export function withoutComments(text: string, language: Language): string {
  return text.replace(tokens[language], (token) =>
    comment.test(token) ? token.replaceAll(/[^\n]/g, " ") : token,
  );
}
