/** The program: its verbs, and one call of it from the command line to the exit status. */
import { Command, CommanderError } from "commander";
import { VectorError } from "../errors.ts";
import { keepHeapSmall } from "../util/heap.ts";
import { packageVersion } from "../util/version.ts";
import { type Io, Session } from "./session.ts";
import type { Action } from "./verb.ts";
import { addBackup } from "./verbs/backup.ts";
import { addCancel } from "./verbs/cancel.ts";
import { addCompare } from "./verbs/compare.ts";
import { addDoctor } from "./verbs/doctor.ts";
import { addMigrate } from "./verbs/migrate.ts";
import { addPlan } from "./verbs/plan.ts";
import { addQuickTest } from "./verbs/quick-test.ts";
import { addRepair } from "./verbs/repair.ts";
import { addRestore } from "./verbs/restore.ts";
import { addServe } from "./verbs/serve.ts";
import { addStatus } from "./verbs/status.ts";
import { addTenants } from "./verbs/tenants.ts";
import { addVerify } from "./verbs/verify.ts";

/** Runs the command of this process: its arguments, its streams, its signals. Sets the exit status. */
export async function main(): Promise<void> {
  keepHeapSmall();
  const interrupt = new AbortController();
  const onSignal = (): void => {
    if (interrupt.signal.aborted) process.exit(130);
    process.stderr.write("Stopping; once more stops at once.\n");
    interrupt.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  // A reader that has gone away (`| head`) is no failure of ours, and nobody is left to tell.
  process.stdout.on("error", () => process.exit(process.exitCode ?? 0));
  process.exitCode = await runCli({
    argv: process.argv.slice(2),
    variables: process.env,
    folder: process.cwd(),
    stdout: process.stdout,
    stderr: process.stderr,
    signal: interrupt.signal,
  });
  process.off("SIGINT", onSignal);
  process.off("SIGTERM", onSignal);
}

/** Runs one command line; gives the exit status. Never throws. */
export async function runCli(io: Io): Promise<number> {
  let exit = 0;
  const program = buildProgram(async (action, operands, flags) => {
    exit = await action(session, operands, flags);
  });
  const verbs = program.commands.map((command) => command.name());
  using session = new Session(io, verbs);
  const print = (text: string): void => session.output.say(text.trimEnd());
  program.configureOutput({
    writeOut: print,
    writeErr: () => undefined,
    outputError: () => undefined,
  });
  for (const command of program.commands) command.copyInheritedSettings(program);
  try {
    await program.parseAsync([...io.argv], { from: "user" });
    return exit;
  } catch (error) {
    if (!(error instanceof CommanderError)) return session.fail(error);
    if (error.exitCode === 0) return 0;
    return session.fail(usageError(error, io.argv, verbs));
  } finally {
    await session.told();
  }
}

/** The program with all its verbs; `call` runs what a verb asks for. */
export function buildProgram(
  call: (
    action: Action,
    operands: readonly string[],
    flags: Record<string, unknown>,
  ) => Promise<void>,
): Command {
  const program = new Command("vecferry")
    .description(
      "Moves vector collections from ChromaDB to Qdrant, proves that nothing was lost, and runs Qdrant's API embedded in Node.",
    )
    .version(packageVersion, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .exitOverride()
    .configureHelp({ showGlobalOptions: false });
  for (const add of [
    addPlan,
    addDoctor,
    addMigrate,
    addVerify,
    addCompare,
    addRepair,
    addStatus,
    addCancel,
    addServe,
    addQuickTest,
    addTenants,
    addBackup,
    addRestore,
  ]) {
    add(program, call);
  }
  return program;
}

function usageError(
  error: CommanderError,
  argv: readonly string[],
  verbs: readonly string[],
): VectorError {
  // Without any command commander answers with the help, as an error.
  const message =
    error.code === "commander.help" || argv.length === 0
      ? `No command is given: ${verbs.slice(0, -1).join(", ")} or ${verbs.at(-1)}.`
      : sentence(error.message);
  const next =
    error.code === "commander.excessArguments"
      ? "Addresses alone stand without a flag: name collections with --chromadb-collections, for `tenants` with --target-collection."
      : undefined;
  return new VectorError("E_USAGE", message, {
    cause: error,
    ...(next === undefined ? {} : { next }),
  });
}

/** commander's `error: unknown option '--x'\n(Did you mean --y?)` as sentences. */
function sentence(message: string): string {
  const [first = "", ...rest] = message.replace(/^error: /, "").split("\n");
  const begun = first.charAt(0).toUpperCase() + first.slice(1);
  return [begun.endsWith(".") ? begun : `${begun}.`, ...rest].join(" ");
}
