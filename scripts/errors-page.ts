/** docs/errors.md as text, from the one table of codes. */
import { exitMeanings } from "../src/cli/exit.ts";
import { type ErrorCode, errorCodes } from "../src/errors.ts";
import { errorMeanings } from "./error-meanings.ts";

const codes = Object.keys(errorCodes) as ErrorCode[];

/** A next step in Markdown: pages that it names become links, words in capitals stay what they are. */
function linked(next: string): string {
  return next.replaceAll(/docs\/([\w-]+\.md)/g, "[$1]($1)");
}

/** One code under a heading of its own, so that `errors.md#e_locked` leads to it. */
function section(code: ErrorCode): string {
  const { exit, retryable, next } = errorCodes[code];
  const passes = retryable ? "yes" : "no";
  return `### ${code}

${errorMeanings[code]}

Exit ${exit} (${exitMeanings[exit]}). Passes: ${passes}.

What to do: ${linked(next)}
`;
}

/** The whole page. The same table always gives the same text. */
export function errorsPage(): string {
  const exitRows = Object.entries(exitMeanings).map(
    ([exit, meaning]) => `| ${exit} | ${meaning} |`,
  );
  const codeRows = codes.map((code) => {
    const { exit, retryable } = errorCodes[code];
    return `| [\`${code}\`](#${code.toLowerCase()}) | ${exit} | ${retryable ? "yes" : "no"} |`;
  });
  return `# Errors and exit codes

Made by \`npm run docs\` from \`src/errors.ts\`; do not edit it here.

Every failure of vecferry is a \`VectorError\` with a code. Codes do not change between major versions; messages
may. Decide by \`error.code\`, never by the message. \`error.next\` says what to do, \`error.details\` holds the facts as
data, \`error.cause\` what failed first. A \`TypeError\` without a code is a programmer's mistake and is not meant to be
caught.

## Exit codes of the command

| exit | meaning |
|---|---|
${exitRows.join("\n")}

## Codes

"Passes" says whether the same call may succeed later without any change; vecferry itself has then tried several times. An error whose
step is known more exactly than here says that step instead.

| code | exit | passes |
|---|---|---|
${codeRows.join("\n")}

${codes.map(section).join("\n")}`;
}
