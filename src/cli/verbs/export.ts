/** `vecferry export [SOURCE] [TARGET]`. */
import { endAddress } from "../../migrate/next-steps.ts";
import { readEnds } from "../access.ts";
import { chromaFlags, patienceFlags, qdrantFlags } from "../end-flags.ts";
import { exitHelp } from "../exit.ts";
import { chooseExportEnds } from "../export-ends.ts";
import {
  exportRunFlags,
  exportScopeFlags,
  exportShapeFlags,
  outputFormatFlags,
} from "../export-flags.ts";
import { assertNoneOf, carryRecords } from "../exporting.ts";
import { gentleFlags } from "../flags.ts";
import { storeIdentity } from "../identity.ts";
import { leftFlags } from "../left.ts";
import { addFlags, type FlagTable, readSettings } from "../setting.ts";
import { type Action, type AddVerb, assertNoAddress, onCommand } from "../verb.ts";
import { backup } from "./backup.ts";

const { merge, overwrite, propagateDeletes } = exportRunFlags;
/** What an archive does not ask: it keeps points as they are. */
const recordsAlone: FlagTable = { ...exportShapeFlags, merge, overwrite, propagateDeletes };

export const addExport: AddVerb = (program, call) => {
  const command = program
    .command("export")
    .summary("carry a Qdrant's or an archive's records into a Chroma")
    .description(
      "Each collection goes back to where it came from, with its records' ids, documents, metadata and vectors; what no Chroma can hold is named. " +
        "The same command again goes on where the last one stopped, and carries what has changed since.",
    )
    .argument("[source]", "http(s)://host:6333, embedded:./path, faiss:./path or archive:./folder")
    .argument(
      "[target]",
      "chroma://host:8000/tenant/database, chroma-cloud://tenant/database, or archive:./folder",
    );
  addFlags(command, "Where it goes:", outputFormatFlags);
  addFlags(command, "Which records:", exportScopeFlags);
  addFlags(command, "What becomes of them:", exportShapeFlags);
  addFlags(command, "How it is done:", exportRunFlags);
  addFlags(command, "A Qdrant as the source (instead of its address, or beside it):", qdrantFlags);
  addFlags(command, "A Chroma as the target (instead of its address, or beside it):", chromaFlags);
  addFlags(command, "Both ends:", { ...patienceFlags, ...gentleFlags });
  addFlags(command, "What it leaves and says:", leftFlags);
  command.addHelpText("after", exitHelp([0, 1, 2, 3, 4, 5, 130]));
  onCommand(command, call, exportRecords);
};

const exportRecords: Action = async (session, operands, flags) => {
  const { environment } = session;
  const ends = readEnds(session, flags);
  const { outputFormat } = readSettings(outputFormatFlags, flags, environment).values;
  const scope = readSettings(exportScopeFlags, flags, environment).values;
  assertNoAddress("--collection", scope.collection);
  const wantsArchive = outputFormat === undefined ? null : outputFormat === "archive";
  const { source, target } = chooseExportEnds(operands, ends, wantsArchive);
  if (target.kind === "archive") {
    assertNoneOf(
      flags,
      recordsAlone,
      "is for records of a Chroma; an archive keeps points as they are.",
    );
    const texts = [source, target].map((one) => endAddress(storeIdentity(one)));
    return await backup(session, texts, { ...flags, chromadbCollections: scope.collection });
  }
  return await carryRecords(session, "export", { source, target }, ends, flags);
};
