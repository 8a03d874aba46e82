/** `vecferry backup [SOURCE] ARCHIVE`. */
import { existsSync, readdirSync } from "node:fs";
import { join, sep } from "node:path";
import { VectorError } from "../../errors.ts";
import { runBackup } from "../../migrate/backup/backup.ts";
import type { ArchivePlace } from "../../migrate/backup/run.ts";
import {
  assertSource,
  assertWholeArchive,
  connectArchive,
  createArchive,
  keepGenerations,
} from "../../open.ts";
import { type ArchiveAddress, parseAddress } from "../../store/address.ts";
import { type EndSettings, readEnds } from "../access.ts";
import { chromaFlags, patienceFlags, qdrantFlags } from "../end-flags.ts";
import { sourceEnd, withGrpc } from "../ends.ts";
import { exitHelp } from "../exit.ts";
import { gentleFlags, runFlags, scopeFlags } from "../flags.ts";
import { type SourceAddress, storeIdentity, type TargetAddress } from "../identity.ts";
import { leftFlags, readLeft } from "../left.ts";
import { openAny } from "../open.ts";
import { tellOutcome } from "../output/outcome.ts";
import { toScope } from "../request.ts";
import type { Session } from "../session.ts";
import { addFlags, type FlagTable, readSettings } from "../setting.ts";
import { onOff, wholeNumber } from "../values.ts";
import { type Action, type AddVerb, assertNoAddress, onCommand } from "../verb.ts";

const backupFlags = {
  batchSize: runFlags.batchSize,
  verify: {
    flag: "--verify",
    help: "read the archive and the source again and compare them, record by record",
    schema: onOff,
  },
  keepLast: {
    flag: "--keep-last <number>",
    help: "let go of older generations of the archive, but for the newest so many",
    schema: wholeNumber(1, 100_000),
  },
  keepDaily: {
    flag: "--keep-daily <number>",
    help: "let go of older generations, but for the newest of each day (UTC), so many days; with --keep-last both stay",
    schema: wholeNumber(1, 100_000),
  },
} as const satisfies FlagTable;

export const addBackup: AddVerb = (program, call) => {
  const command = program
    .command("backup")
    .summary("keep every record of a store in a folder of Parquet files")
    .description(
      "Writes every record of the source into an archive, which pandas, DuckDB, Polars and `vecferry restore` read. " +
        "The same command again goes on where the last one stopped. Into an archive that is finished it writes a new generation: what has changed since the one before.",
    )
    .argument(
      "[source]",
      "chroma://host:8000/tenant/database, chroma-cloud://tenant/database, the path of a Chroma folder, http(s)://host:6333, or embedded:./path",
    )
    .argument("[archive]", "archive:./folder");
  addFlags(command, "How it is done:", backupFlags);
  addFlags(command, "Which records:", scopeFlags);
  addFlags(command, "A Chroma (instead of its address, or beside it):", chromaFlags);
  addFlags(command, "A Qdrant (beside its address):", qdrantFlags);
  addFlags(command, "The source:", { ...patienceFlags, ...gentleFlags });
  addFlags(command, "What it leaves and says:", leftFlags);
  command.addHelpText("after", exitHelp([0, 1, 2, 3, 4, 5, 130]));
  onCommand(command, call, backup);
};

export const backup: Action = async (session, operands, flags) => {
  const { environment } = session;
  const ends = readEnds(session, flags);
  const scope = readSettings(scopeFlags, flags, environment).values;
  const asked = readSettings(backupFlags, flags, environment).values;
  const { state, begin } = readLeft(session, flags);
  assertNoAddress("--chromadb-collections", scope.chromadbCollections);
  const { source, archive } = readOperands(operands, ends);
  const request = {
    scope: toScope(scope),
    batchSize: asked.batchSize ?? null,
    verify: asked.verify ?? false,
    keep: { last: asked.keepLast ?? null, daily: asked.keepDaily ?? null },
  };
  assertOutside(source, archive);
  const access = ends.access();

  begin("backup", { source, target: archive });
  const place = placeOf(session, archive);
  session.leaves(() => keptText(place));
  await using from = await openAny(session, source, access);
  return tellOutcome(session, await runBackup(from, place, request, session.context(state)));
};

/** One address is the archive's; then the flags and the variables say which Chroma. @throws E_USAGE, E_CONFIG */
function readOperands(
  operands: readonly string[],
  ends: EndSettings,
): { readonly source: SourceAddress | TargetAddress; readonly archive: ArchiveAddress } {
  const [first, second] = operands.length === 1 ? [undefined, operands[0]] : operands;
  if (second === undefined) {
    throw new VectorError("E_USAGE", "No archive is given.", {
      next: "Say where: vecferry backup SOURCE archive:./folder.",
    });
  }
  const archive = assertWholeArchive(second);
  const address = first === undefined ? null : parseAddress(first);
  if (address?.kind === "archive") {
    throw new VectorError("E_CONFIG", "The source is an archive already.", {
      next: "Copy its folder: an archive is files, and its manifest holds their sums.",
    });
  }
  if (address?.kind === "qdrant") return { source: withGrpc(address, ends.qdrant), archive };
  if (address?.kind === "embedded" || address?.kind === "faiss")
    return { source: address, archive };
  return { source: assertSource(sourceEnd(first, ends.chroma).address), archive };
}

/** Nothing is written into the folder that is read. @throws E_CONFIG */
function assertOutside(source: SourceAddress | TargetAddress, archive: ArchiveAddress): void {
  if (!("path" in source) || source.kind === "archive") return;
  const [folder, path] = [source, archive].map((one) => storeIdentity(one).address);
  if (folder === undefined || path === undefined) return;
  if (path !== folder && !path.startsWith(folder + sep)) return;
  throw new VectorError("E_CONFIG", `The archive ${path} would stand in the folder that is read.`, {
    next: "Give the archive a folder of its own, outside of it.",
  });
}

function placeOf({ io }: Session, archive: ArchiveAddress): ArchivePlace {
  const { address: path } = storeIdentity(archive);
  const { signal } = io;
  return {
    path,
    stands: existsSync(path) && readdirSync(path).length > 0,
    write: (options) => createArchive(archive, options),
    read: () => connectArchive(archive, { signal }),
    keep: (policy) => keepGenerations(archive, policy),
  };
}

function keptText({ path, stands }: ArchivePlace): string {
  const goesOn = (partial: string): string =>
    `the finished parts of what was begun, in ${partial}; the same command goes on behind them`;
  if (!stands && !existsSync(path)) {
    const partial = `${path}.partial`;
    return existsSync(partial) ? `${goesOn(partial)}.` : "nothing was written yet.";
  }
  const partial = readdirSync(path).find((name) => /^generation-\d+\.partial$/.test(name));
  const begun = partial === undefined ? "" : `; and ${goesOn(join(path, partial))}`;
  return `what stands at ${path}, as it was${begun}.`;
}
