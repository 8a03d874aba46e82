/** `vecferry report [FOLDER]`. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { VectorError } from "../../errors.ts";
import { migrationFiles } from "../../migrate/files.ts";
import { reportText } from "../../migrate/report.ts";
import { type MigrationStatus, readStatus } from "../../migrate/status.ts";
import { writeFileAtomic } from "../../util/whole-file.ts";
import { exitHelp } from "../exit.ts";
import { outputFlags, reportFlags, stateFlags } from "../flags.ts";
import { readFacts, readNamed } from "../page/facts.ts";
import { reportPage } from "../page/page.ts";
import { verdictOf } from "../page/verdict.ts";
import { assertFolderOf, isPageFile } from "../session.ts";
import { addFlags, type FlagTable, readSettings } from "../setting.ts";
import { onOff, text } from "../values.ts";
import { type Action, type AddVerb, defaultState, onCommand } from "../verb.ts";

const pageFlags = {
  reportFile: {
    ...reportFlags.reportFile,
    help: "write it there: x.html as a page, x.json as JSON; default report.html in the migration's own folder",
  },
  run: {
    flag: "--run <mark>",
    help: "the migration of this mark, as `status --json` names it; default the newest",
    schema: text,
  },
  withSamples: {
    flag: "--with-samples",
    help: "name records that differ or stand in quarantine, by their ids; without it no record is named",
    schema: onOff,
  },
  force: { flag: "--force", help: "write over a file that is there", schema: onOff },
} as const satisfies FlagTable;

export const addReport: AddVerb = (program, call) => {
  const command = program
    .command("report")
    .summary("make a page of a migration from its journal")
    .description(
      "One HTML file, which asks no network: the verdict first, what moved, what was verified, how both ends search, and what to do next. " +
        "Reads the state folder alone; also while a migration runs, and after one has died.",
    )
    .argument("[folder]", "the state folder; default that of --state");
  addFlags(command, "What it is about and where it goes:", pageFlags);
  addFlags(command, "What it reads and says:", { ...stateFlags, ...outputFlags });
  command.addHelpText("after", exitHelp([0, 1, 2]));
  onCommand(command, call, report);
};

const report: Action = async (session, [given], flags) => {
  const { environment } = session;
  const asked = readSettings(pageFlags, flags, environment).values;
  const folder = resolve(
    given ?? readSettings(stateFlags, flags, environment).values.state ?? defaultState,
  );
  assertFolderOf("--report-file", asked.reportFile);
  const migration = chosen(folder, asked.run);
  const files = asked.reportFile ?? [];
  for (const file of asked.force === true ? [] : files) assertFree(file);
  const named = asked.withSamples === true ? await readNamed(folder, migration.run) : null;
  const facts = { ...readFacts(folder, migration), named };
  const own = join(migrationFiles(folder, migration.run).folder, "report.html");
  const written = files.length === 0 ? [own] : files.map((file) => resolve(file));
  for (const file of written) {
    if (!isPageFile(file) && facts.newest === null) throw noRun(migration);
    const page =
      isPageFile(file) || facts.newest === null ? reportPage(facts) : reportText(facts.newest);
    writeFileAtomic(file, [session.keys.redact(page)]);
  }
  const { word, sentence } = verdictOf(facts);
  const told = written.map((file) => `Report:     ${file}`);
  session.output.result(
    "report",
    { run: migration.run, verdict: { word, sentence }, files: written },
    [`${word}: ${sentence}`, ...told].join("\n"),
  );
  return 0;
};

function chosen(folder: string, run: string | undefined): MigrationStatus {
  const { migrations } = readStatus(folder, { measure: false });
  const found = run === undefined ? migrations[0] : migrations.find((one) => one.run === run);
  if (found !== undefined) return found;
  const marks = migrations.map((one) => one.run).join(", ");
  throw new VectorError(
    run === undefined ? "E_NO_MIGRATION" : "E_USAGE",
    run === undefined
      ? `There is no migration in ${folder}.`
      : `No migration in ${folder} has the mark ${JSON.stringify(run)}: there is ${marks || "none"}.`,
  );
}

function noRun({ run }: MigrationStatus): VectorError {
  const words = `No run of the migration ${run} has ended yet, so that there is no report as JSON.`;
  const next =
    "Write the page, x.html, which tells what the journal has; or wait for the run's end.";
  return new VectorError("E_NO_MIGRATION", words, { next, details: { begun: true } });
}

/** @throws E_CONFIG where the file is there */
function assertFree(file: string): void {
  if (!existsSync(file)) return;
  throw new VectorError("E_CONFIG", `--report-file: ${resolve(file)} is there already.`, {
    next: "Give another name, or --force to write over it.",
  });
}
