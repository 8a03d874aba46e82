/** The program: its verbs, and one call of it from the command line to the exit status. */
import { Command, CommanderError } from "commander";
import { VectorError } from "../errors.ts";
import { keepHeapSmall } from "../util/heap.ts";
import { packageVersion } from "../util/version.ts";
import { type Io, Session } from "./session.ts";
import type { Action, AddVerb } from "./verb.ts";

interface Verb {
  load(): Promise<AddVerb>;
  /** Goes on although nobody reads what it says. */
  readonly goesOn?: true;
}

/** The verbs in the order of the help. A call loads the one that it names: the others would take as long again to be there. */
const verbs: Readonly<Record<string, Verb>> = {
  plan: { load: async () => (await import("./verbs/plan.ts")).addPlan },
  doctor: { load: async () => (await import("./verbs/doctor.ts")).addDoctor },
  migrate: { load: async () => (await import("./verbs/migrate.ts")).addMigrate, goesOn: true },
  verify: { load: async () => (await import("./verbs/verify.ts")).addVerify, goesOn: true },
  compare: { load: async () => (await import("./verbs/compare.ts")).addCompare, goesOn: true },
  repair: { load: async () => (await import("./verbs/repair.ts")).addRepair, goesOn: true },
  status: { load: async () => (await import("./verbs/status.ts")).addStatus },
  report: { load: async () => (await import("./verbs/report.ts")).addReport },
  ui: { load: async () => (await import("./verbs/ui.ts")).addUi, goesOn: true },
  cancel: { load: async () => (await import("./verbs/cancel.ts")).addCancel, goesOn: true },
  serve: { load: async () => (await import("./verbs/serve.ts")).addServe, goesOn: true },
  "quick-test": {
    load: async () => (await import("./verbs/quick-test.ts")).addQuickTest,
    goesOn: true,
  },
  tenants: { load: async () => (await import("./verbs/tenants.ts")).addTenants },
  backup: { load: async () => (await import("./verbs/backup.ts")).addBackup, goesOn: true },
  restore: { load: async () => (await import("./verbs/restore.ts")).addRestore, goesOn: true },
  check: { load: async () => (await import("./verbs/check.ts")).addCheck },
  snapshot: { load: async () => (await import("./verbs/snapshot.ts")).addSnapshot, goesOn: true },
  export: { load: async () => (await import("./verbs/export.ts")).addExport, goesOn: true },
  rollback: { load: async () => (await import("./verbs/rollback.ts")).addRollback, goesOn: true },
  checklist: { load: async () => (await import("./verbs/checklist.ts")).addChecklist },
  deploy: { load: async () => (await import("./verbs/deploy.ts")).addDeploy },
};
const verbNames: readonly string[] = Object.keys(verbs);

/** Runs the command of this process: its arguments, its streams, its signals. Sets the exit status. */
export async function main(): Promise<void> {
  keepHeapSmall();
  const interrupt = new AbortController();
  const onSignal = (): void => {
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  // A reader that has gone away (`| head`) is no failure of ours, and nobody is left to tell; but what is begun is not left half done.
  const [verb = ""] = process.argv.slice(2);
  process.stdout.on("error", () => {
    if (!verbs[verb]?.goesOn) process.exit(process.exitCode ?? 0);
  });
  // The result goes to stdout, and it is not known yet.
  process.stderr.on("error", () => undefined);
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
  using session = new Session(io, verbNames);
  const [first = ""] = io.argv;
  const named = verbNames.includes(first) ? [first] : verbNames;
  const program = await buildProgram(async (action, operands, flags) => {
    exit = await action(session, operands, flags);
  }, named);
  const print = (text: string): void => session.output.say(text.trimEnd());
  program.configureOutput({
    writeOut: print,
    writeErr: () => undefined,
    outputError: () => undefined,
  });
  inheritSettings(program);
  try {
    await program.parseAsync([...io.argv], { from: "user" });
    return exit;
  } catch (error) {
    if (!(error instanceof CommanderError)) return session.fail(error);
    if (error.exitCode === 0) return 0;
    return session.fail(usageError(error, io.argv));
  } finally {
    await session.told();
  }
}

function inheritSettings(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inheritSettings(command);
  }
}

/** The program with these of its verbs; `call` runs what a verb asks for. */
export async function buildProgram(
  call: (
    action: Action,
    operands: readonly string[],
    flags: Record<string, unknown>,
  ) => Promise<void>,
  names: readonly string[] = verbNames,
): Promise<Command> {
  const program = new Command("vecferry")
    .description(
      "Moves vector collections from ChromaDB to Qdrant, proves that nothing was lost, and runs Qdrant's API embedded in Node.",
    )
    .version(packageVersion, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .exitOverride()
    // With their operands beside them, what the commands do would not fit 80 columns.
    .configureHelp({ showGlobalOptions: false, subcommandTerm: (command) => command.name() });
  for (const name of names) {
    const add = await verbs[name]?.load();
    add?.(program, call);
  }
  return program;
}

function usageError(error: CommanderError, argv: readonly string[]): VectorError {
  // Without any command commander answers with the help, as an error.
  const message =
    error.code === "commander.help" || argv.length === 0
      ? `No command is given: ${verbNames.slice(0, -1).join(", ")} or ${verbNames.at(-1)}.`
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
