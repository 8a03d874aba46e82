/** docs/errors.md as text, from the one table of codes. */
import { errorCodes } from "../src/errors.ts";

const exits: Readonly<Record<number, string>> = {
  0: "Done.",
  1: "Failed; trying again does not help.",
  2: "Usage or configuration: something you gave is wrong.",
  3: "Done, and some records stand in quarantine.",
  4: "Differences were found.",
  5: "Temporary: run the same command again, it goes on.",
  6: "A gate refused.",
  130: "Interrupted, checkpoint saved.",
};

/** The whole page. The same table always gives the same text. */
export function errorsPage(): string {
  const exitRows = Object.entries(exits).map(([exit, meaning]) => `| ${exit} | ${meaning} |`);
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
