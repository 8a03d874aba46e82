/** docs/cli.md as text: the help of every verb, as the command itself prints it. */
import type { Command } from "commander";
import { buildProgram } from "../src/cli/run.ts";

const width = 110;
const program = await buildProgram(() => Promise.resolve());

/** The whole page. The same flags always give the same text. */
export function cliPage(): string {
  return `# The command line

Made by \`npm run docs\` from the flags' own table; do not edit it here. The same text is what \`vecferry help COMMAND\` prints.

Flags go before the environment, and that before a \`.env\` in the working directory; an empty variable counts as unset.
Addresses stand before flags that take a list, and \`--\` ends such a list. Keys are better in the environment or in a file:
a key given as a flag works, and warns that the process list shows it. \`NO_COLOR\` is obeyed.

Addresses: \`chroma://host:8000/tenant/database\` (\`chromas://\` for TLS),
\`chroma-cloud://tenant/database\` (\`?region=eu\`, \`?host=NAME\`; [its own page](chroma-cloud.md)), \`chroma-folder:./path\` or just the path of a
folder that holds \`chroma.sqlite3\` (\`?tenant=…&database=…\` choose within it), \`http(s)://host:6333\` for Qdrant,
\`embedded:./path\` and \`:memory:\` for Qdrant in the process.

With \`--json\` stdout has one JSON object a line, each with \`format\` (1) and \`type\`: \`phase\`, \`progress\`, \`retry\`,
\`note\`, \`finding\`, \`warning\`, \`error\`, and at the end the verb's own: \`result\` (with the report), \`plan\`, \`status\`,
\`cancel\`, \`doctor\`, \`quick-test\`, \`tenants\`, \`rollback-plan\`, \`rollback\`, \`listening\`. Words for
people then go to stderr.

${program.commands.flatMap(sections).join("\n")}`;
}

/** The section of a verb, and of each that it consists of. */
function sections(command: Command): string[] {
  const { parent } = command;
  const within = parent === null || parent === program ? "" : `${parent.name()} `;
  return [section(command, within + command.name()), ...command.commands.flatMap(sections)];
}

function section(command: Command, name: string): string {
  let help = "";
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
    getOutHelpWidth: () => width,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return `## vecferry ${name}\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\`\n`;
}
