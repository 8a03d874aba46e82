/** `vecferry restore ARCHIVE [TARGET]`. */
import { VectorError } from "../../errors.ts";
import { assertArchive, assertTarget, connectArchive } from "../../open.ts";
import { readEnds } from "../access.ts";
import { carryArchive, holdsPoints } from "../carry-archive.ts";
import { chromaFlags, patienceFlags, qdrantFlags } from "../end-flags.ts";
import { sourceEnd, targetEnd } from "../ends.ts";
import { exitHelp } from "../exit.ts";
import { assertRecords, isRecordText } from "../export-ends.ts";
import { exportRunFlags, exportShapeFlags } from "../export-flags.ts";
import { assertNoneOf, carryRecords } from "../exporting.ts";
import { gentleFlags, makeFlags, pointsFlags, runFlags, scopeFlags, shapeFlags } from "../flags.ts";
import { leftFlags, readLeft } from "../left.ts";
import { openTarget } from "../open.ts";
import { tellOutcome } from "../output/outcome.ts";
import { assertPointFlags, assertRecordFlags, recordFlags } from "../points.ts";
import { addRequestFlags, migrateRequest } from "../request.ts";
import { addFlags, type FlagTable, readSettings } from "../setting.ts";
import { type Action, type AddVerb, assertNoAddress, onCommand } from "../verb.ts";

const { batchSize, merge, restart, indexing, waitGreen } = runFlags;
const restoreFlags = {
  batchSize,
  merge,
  restart,
  indexing,
  waitGreen,
  overwrite: {
    ...pointsFlags.overwrite,
    help: "write over points of a Qdrant, or a Chroma's records, that stand at the target otherwise than in the archive",
  },
  aliases: { ...pointsFlags.aliases, help: "leave the aliases of a Qdrant's collections out" },
} as const satisfies FlagTable;

const { splitTenants, vector, flatten, nearestFloats, vectorsFrom } = exportShapeFlags;
const { propagateDeletes } = exportRunFlags;
/** What only a Chroma as the target takes. */
const chromaAlone = {
  splitTenants,
  vector,
  flatten,
  nearestFloats,
  vectorsFrom,
  propagateDeletes,
} as const satisfies FlagTable;

/** What it does not take. */
const { where, limit } = scopeFlags;
const { defaultTenant, layout, idPrefix, vectorSize } = shapeFlags;
const qdrantAlone: FlagTable = {
  ...{ where, limit, defaultTenant, layout, idPrefix, vectorSize },
  ...makeFlags,
  ...{ restart, indexing, waitGreen, aliases: restoreFlags.aliases },
};

export const addRestore: AddVerb = (program, call) => {
  const command = program
    .command("restore")
    .summary("put an archive's records into a Qdrant or a Chroma")
    .description(
      "Checks every byte of the archive before anything is written. Records of a Chroma go into the target as `vecferry migrate` would carry them; " +
        "points of a Qdrant go back as they were, with their collections' settings and payload indexes. Into a Chroma both go as `vecferry export` carries them. The same command again goes on where the last one stopped.",
    )
    .argument("[archive]", "archive:./folder")
    .argument(
      "[target]",
      "http(s)://host:6333, embedded:./path, chroma://host:8000/tenant/database, or chroma-cloud://tenant/database",
    );
  addFlags(command, "A Qdrant as the target (instead of its address, or beside it):", qdrantFlags);
  addFlags(command, "A Chroma as the target (beside its address):", chromaFlags);
  addFlags(command, "Into a Chroma alone:", chromaAlone);
  addFlags(command, "The target:", { ...patienceFlags, ...gentleFlags });
  addRequestFlags(command);
  addFlags(command, "How it is done:", restoreFlags);
  addFlags(command, "What it leaves and says:", leftFlags);
  command.addHelpText("after", exitHelp([0, 1, 2, 3, 4, 5, 130]));
  onCommand(command, call, restore);
};

const restore: Action = async (session, [archiveText, targetText], flags) => {
  const { environment } = session;
  const ends = readEnds(session, flags);
  const scope = readSettings(scopeFlags, flags, environment).values;
  const run = readSettings(restoreFlags, flags, environment).values;
  const { state, begin } = readLeft(session, flags);
  assertNoAddress("--chromadb-collections", scope.chromadbCollections);
  if (archiveText === undefined) {
    throw new VectorError("E_USAGE", "No archive is given.", {
      next: "Say which: vecferry restore archive:./folder TARGET.",
    });
  }
  const archive = assertArchive(archiveText);
  if (targetText !== undefined && isRecordText(targetText)) {
    assertNoneOf(flags, qdrantAlone, "is for a Qdrant as the target.");
    const { address } = sourceEnd(targetText, ends.chroma);
    const both = { source: archive, target: assertRecords(address) };
    const own = { ...flags, collection: scope.chromadbCollections };
    return await carryRecords(session, "restore", both, ends, own);
  }
  assertNoneOf(flags, chromaAlone, "is for a Chroma as the target.");
  const target = assertTarget(targetEnd(targetText, ends.qdrant).address);
  const request = migrateRequest(flags, environment, {
    ...run,
    propagateDeletes: undefined,
    dryRun: undefined,
  });
  const access = ends.access();

  begin("restore", { source: archive, target });
  session.event({ type: "phase", phase: "check", collection: null });
  await using from = await connectArchive(archive, { signal: session.io.signal });
  session.sourceOpened(from.identity);
  if (holdsPoints(from)) {
    assertPointFlags(flags, { ...recordFlags, restart }, "the archive");
    session.leaves("the points that were written stand at the target; the archive is as it was.");
  } else assertRecordFlags(flags, pointsFlags);
  await using to = await openTarget(session, target, access);
  const context = session.context(state);
  const { overwrite = false, aliases = true } = run;
  const asked = { overwrite, aliases };
  return tellOutcome(session, await carryArchive(from, to, request, asked, context));
};
