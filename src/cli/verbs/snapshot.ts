/** `vecferry snapshot create | list | download | recover [TARGET]`. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { VectorError } from "../../errors.ts";
import {
  createSnapshots,
  downloadSnapshots,
  type SnapshotContext,
} from "../../migrate/snapshots/create.ts";
import { listSnapshots } from "../../migrate/snapshots/list.ts";
import { recoverSnapshots } from "../../migrate/snapshots/recover.ts";
import { setFile } from "../../migrate/snapshots/set.ts";
import { connectSnapshots } from "../../open.ts";
import { parseAddress, type QdrantAddress } from "../../store/address.ts";
import type { SnapshotStore } from "../../store/snapshots.ts";
import { readEnds } from "../access.ts";
import { patienceFlags, qdrantFlags } from "../end-flags.ts";
import { targetEnd } from "../ends.ts";
import { type Exit, exitHelp } from "../exit.ts";
import { outputFlags } from "../flags.ts";
import { assertThere } from "../open.ts";
import { listText, recoverText, setText } from "../output/snapshot.ts";
import type { Session } from "../session.ts";
import { addFlags, type FlagTable, readSettings } from "../setting.ts";
import {
  snapshotCreateFlags,
  snapshotDownloadFlags,
  snapshotNodeFlags,
  snapshotRecoverFlags,
  snapshotScopeFlags,
  snapshotWholeFlags,
} from "../snapshot-flags.ts";
import { type Action, type AddVerb, addGroup, type Call, onCommand } from "../verb.ts";

export const addSnapshot: AddVerb = (program, call) => {
  const group = addGroup(
    program,
    call,
    "snapshot",
    "make, list, fetch and recover Qdrant's own snapshots",
  );
  const add = adder(group, call);
  add(create, {
    name: "create",
    summary: "make snapshots, and fetch them",
    description:
      "Makes a snapshot of each collection (of a cluster, of each shard), waits for it, and with --to brings it into a folder: " +
      "with its SHA-256, its count and a sample of its points, which `snapshot recover` holds against what it has recovered.",
    flags: { ...snapshotWholeFlags, ...snapshotCreateFlags },
    exits: [0, 1, 2, 5, 130],
  });
  add(list, {
    name: "list",
    summary: "list the snapshots that stand at a Qdrant",
    description: "Lists the snapshots of every collection at every node, the newest first.",
    flags: snapshotWholeFlags,
    exits: [0, 1, 2, 5, 130],
  });
  add(download, {
    name: "download",
    summary: "fetch snapshots that stand at a Qdrant",
    description:
      "Downloads snapshots under another name until every byte is there and their SHA-256 is the server's. The same command again goes on.",
    flags: { ...snapshotWholeFlags, ...snapshotDownloadFlags },
    exits: [0, 1, 2, 5, 130],
  });
  add(recover, {
    name: "recover",
    summary: "put collections back from their snapshots",
    description:
      "Checks every byte first. Then each collection is recovered as a whole, waited for until all its replicas agree, counted, and a sample of it compared.",
    flags: { ...snapshotScopeFlags, ...snapshotRecoverFlags },
    exits: [0, 1, 2, 4, 5, 130],
  });
};

interface Sub {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly flags: FlagTable;
  readonly exits: readonly Exit[];
}

function adder(group: Command, call: Call) {
  return (action: Action, { name, summary, description, flags, exits }: Sub): void => {
    const command = group
      .command(name)
      .summary(summary)
      .description(description)
      .argument("[target]", "http(s)://host:6333, or embedded:./path");
    addFlags(command, "Which, and how:", flags);
    addFlags(command, "Qdrant (instead of its address, or beside it):", {
      ...snapshotNodeFlags,
      ...qdrantFlags,
      ...patienceFlags,
    });
    addFlags(command, "What it says:", outputFlags);
    command.addHelpText("after", exitHelp(exits));
    onCommand(command, call, action);
  };
}

const create: Action = async (session, [target], flags) => {
  const { environment } = session;
  const scope = readSettings(snapshotWholeFlags, flags, environment).values;
  const { to: folder = null, keep = false } = readSettings(
    snapshotCreateFlags,
    flags,
    environment,
  ).values;
  assertEither(scope.collection, scope.storage);
  session.leaves(() =>
    folder === null
      ? "the snapshots that were told of stand at the server: `vecferry snapshot list`."
      : keptText(folder),
  );
  await using store = await open(session, target, flags);
  const request = {
    collections: scope.collection ?? null,
    storage: scope.storage ?? false,
    folder,
    keep,
  };
  const set = await createSnapshots(store, request, contextOf(session));
  session.output.result("snapshots", { folder, ...set }, setText(set, folder));
  return 0;
};

const list: Action = async (session, [target], flags) => {
  const scope = readSettings(snapshotWholeFlags, flags, session.environment).values;
  assertEither(scope.collection, scope.storage);
  session.leaves("everything: nothing was written.");
  await using store = await open(session, target, flags);
  const request = { collections: scope.collection ?? null, storage: scope.storage ?? false };
  const listed = await listSnapshots(store, request, session.io.signal);
  session.output.result("snapshot-list", { snapshots: listed }, listText(listed));
  return 0;
};

const download: Action = async (session, [target], flags) => {
  const { environment } = session;
  const scope = readSettings(snapshotWholeFlags, flags, environment).values;
  const { to: folder, name = null } = readSettings(
    snapshotDownloadFlags,
    flags,
    environment,
  ).values;
  assertEither(scope.collection, scope.storage);
  if (folder === undefined)
    throw new VectorError("E_USAGE", "No folder is given.", { next: "Say where: --to ./folder." });
  session.leaves(() => keptText(folder));
  await using store = await open(session, target, flags);
  const request = {
    collections: scope.collection ?? null,
    storage: scope.storage ?? false,
    folder,
    name,
  };
  const set = await downloadSnapshots(store, request, contextOf(session));
  session.output.result("snapshots", { folder, ...set }, setText(set, folder));
  return 0;
};

const recover: Action = async (session, [target], flags) => {
  const { environment } = session;
  const scope = readSettings(snapshotScopeFlags, flags, environment).values;
  const asked = readSettings(snapshotRecoverFlags, flags, environment).values;
  const { from, dryRun = false } = asked;
  if (from === undefined) {
    throw new VectorError("E_USAGE", "No snapshot is given.", {
      next: "Say which: --from ./folder, --from file.snapshot, or --from https://host/file.snapshot.",
    });
  }
  const begun = { recovering: false };
  session.leaves(() =>
    begun.recovering
      ? "collections that were told of as recovered; the one at work as the server left it. The snapshots are as they were."
      : "everything, as it was: nothing was changed.",
  );
  await using store = await open(session, target, flags, dryRun);
  const { onStep, signal } = contextOf(session);
  const context = {
    signal,
    onStep(text: string) {
      begun.recovering = true;
      onStep(text);
    },
  };
  const request = {
    from,
    collections: scope.collection ?? null,
    renames: asked.rename ?? new Map<string, string>(),
    overwrite: asked.overwrite ?? false,
    priority: asked.priority ?? "snapshot",
    sha256: asked.checksum?.toLowerCase() ?? null,
    waitMs: asked.waitMs ?? 600_000,
    dryRun,
  };
  const outcome = await recoverSnapshots(store, request, context);
  session.output.result("recovered", outcome, recoverText(outcome, dryRun));
  return outcome.exit;
};

function keptText(folder: string): string {
  return existsSync(join(folder, setFile))
    ? `the snapshots that are whole, in ${folder}; the same command goes on behind them.`
    : "nothing was written yet.";
}

function contextOf(session: Session): SnapshotContext {
  const { signal } = session.io;
  return { signal, onStep: (text) => session.event({ type: "note", text }) };
}

/** Opens the Qdrant. `there`: an embedded one is not made. @throws E_CONFIG, E_NO_MIGRATION, and as `connectSnapshots` */
async function open(
  session: Session,
  positional: string | undefined,
  flags: Record<string, unknown>,
  there = true,
): Promise<SnapshotStore> {
  const ends = readEnds(session, flags);
  const { node = [] } = readSettings(snapshotNodeFlags, flags, session.environment).values;
  const { address } = targetEnd(positional, ends.qdrant);
  if (there && address.kind === "embedded") assertThere(address);
  const nodes = node.map((text) => nodeAddress(text).url);
  const { signal } = session.io;
  return connectSnapshots(address, nodes, { ...ends.access(), signal });
}

function nodeAddress(text: string): QdrantAddress {
  const address = parseAddress(text);
  if (address.kind === "qdrant") return address;
  throw new VectorError("E_CONFIG", `--node must be http(s)://host:6333, but it is "${text}".`);
}

function assertEither(collection: unknown, storage: boolean | undefined): void {
  if (collection === undefined || storage !== true) return;
  throw new VectorError("E_USAGE", "--storage is everything, and --collection only a part of it.", {
    next: "Leave one of the two away.",
  });
}
