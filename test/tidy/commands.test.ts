/** Every command line in README and docs is one that vecferry takes. */
import { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { buildProgram } from "../../src/cli/run.ts";
import { commandsIn, commandsOf, type DocCommand } from "../support/doc-commands.ts";

/** Planned, and said so where they are named. */
const planned = ["gateway", "switch", "reverse", "complete"];

/** What the parser has against it; null = it takes it. */
async function faultOf({ page, text, args }: DocCommand): Promise<string | null> {
  const [verb = ""] = args;
  if (planned.includes(verb)) return null;
  // Within a sentence something may be left out.
  const words = args.filter((word) => !/^(…|\||\[.*\])$/.test(word));
  const program = await buildProgram(() => Promise.resolve());
  const known = program.commands.find((one) => one.name() === verb);
  if (known === undefined && verb !== "help") return `${page}: ${text}: no such command`;
  const quiet = { writeOut: () => undefined, writeErr: () => undefined };
  for (const command of [program, ...program.commands, ...(known?.commands ?? [])]) {
    command.exitOverride().configureOutput(quiet);
  }
  try {
    await program.parseAsync(words, { from: "user" });
    return null;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 || isCutShort(error, words)
      ? null
      : `${page}: ${text}: ${error.message}`;
  }
}

/** In a sentence `vecferry snapshot` or `--state` may stand for itself, without what belongs to it. */
function isCutShort(error: CommanderError, words: readonly string[]): boolean {
  const last = words.at(-1) ?? "";
  return (
    error.code === "commander.missingArgument" ||
    (error.code === "commander.optionMissingArgument" && last.startsWith("--"))
  );
}

describe("commands in README and docs", () => {
  it("are such as vecferry takes", async () => {
    const commands = commandsOf();
    expect(commands.length).toBeGreaterThan(150);
    const faults: string[] = [];
    for (const command of commands) {
      const fault = await faultOf(command);
      if (fault !== null) faults.push(fault);
    }
    expect(faults).toEqual([]);
  }, 120_000);

  it.each(["migrat ./a http://b", "migrate ./a http://b --quantisation scalar", "status x"])(
    "would be seen to be wrong: %s",
    async (line) => {
      const [command] = commandsIn("page.md", `    npx vecferry ${line}\n`);
      expect(command && (await faultOf(command))).toContain(line);
    },
  );
});
