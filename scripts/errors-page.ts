/** docs/errors.md as text, from the one table of codes. */
import { exitMeanings } from "../src/cli/exit.ts";
import { errorCodes } from "../src/errors.ts";

/** The whole page. The same table always gives the same text. */
export function errorsPage(): string {
  const exitRows = Object.entries(exitMeanings).map(
    ([exit, meaning]) => `| ${exit} | ${meaning} |`,
  );
  const codeRows = Object.entries(errorCodes).map(
    ([code, { exit, retryable, next }]) =>
      `| \`${code}\` | ${exit} | ${retryable ? "yes" : "no"} | ${next.replaceAll("|", "\\|")} |`,
  );
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

"Passes" says whether the same call may succeed later without any change; vecferry itself has then tried several times.

| code | exit | passes | what to do |
|---|---|---|---|
${codeRows.join("\n")}
`;
}
