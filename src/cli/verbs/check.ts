/** `vecferry check ARCHIVE`. */
import { errorCodes, VectorError } from "../../errors.ts";
import { assertArchive, checkArchive } from "../../open.ts";
import { runDrill } from "../drill.ts";
import { exitHelp } from "../exit.ts";
import { outputFlags } from "../flags.ts";
import { checkText } from "../output/check.ts";
import { addFlags, type FlagTable, readSettings } from "../setting.ts";
import { dataSubset, onOff } from "../values.ts";
import { type Action, type AddVerb, onCommand } from "../verb.ts";

const checkFlags = {
  readDataSubset: {
    flag: "--read-data-subset <part>",
    help: "read the bytes of a part of the files alone: 10%, drawn by chance, or 1/7, the same files every time; of the others the size is looked at",
    schema: dataSubset,
  },
  drill: {
    flag: "--drill",
    help: "then restore it into an embedded Qdrant in a temporary folder, compare the two, search it, and take that away again",
    schema: onOff,
  },
} as const satisfies FlagTable;

export const addCheck: AddVerb = (program, call) => {
  const command = program
    .command("check")
    .summary("look whether an archive is whole")
    .description(
      "Reads every byte of an archive, of all its generations, holds them against the manifests, and decodes every row. " +
        "Every fault is named. Changes nothing. With --drill it proves that the archive can be restored: it is, beside everything that is in use.",
    )
    .argument("[archive]", "archive:./folder; with ?generation=N that one alone");
  addFlags(command, "How much it reads:", checkFlags);
  addFlags(command, "What it says:", outputFlags);
  command.addHelpText("after", exitHelp([0, 1, 2, 3, 4, 5, 130]));
  onCommand(command, call, check);
};

const check: Action = async (session, [archiveText], flags) => {
  const { readDataSubset: subset = { share: 1 }, drill = false } = readSettings(
    checkFlags,
    flags,
    session.environment,
  ).values;
  if (archiveText === undefined) {
    throw new VectorError("E_USAGE", "No archive is given.", {
      next: "Say which: vecferry check archive:./folder.",
    });
  }
  const archive = assertArchive(archiveText);
  session.leaves("everything: nothing was written.");
  session.event({ type: "phase", phase: "check", collection: null });
  const { signal } = session.io;
  const found = await checkArchive(archive, { subset, signal });
  session.output.result("check", { check: found }, checkText(found));
  if (found.faults.length > 0) return errorCodes.E_ARCHIVE_DAMAGED.exit;
  return drill ? await runDrill(session, archive) : 0;
};
