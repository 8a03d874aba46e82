/** The flags of `snapshot`. */
import { snapshotPriorities } from "../store/snapshots.ts";
import type { FlagTable } from "./setting.ts";
import { oneOf, onOff, pairs, text, texts, wholeNumber } from "./values.ts";

/** Whose snapshots. */
export const snapshotScopeFlags = {
  collection: {
    flag: "--collection <name>",
    help: "only this collection; default: every one",
    schema: texts,
    repeat: true,
  },
} as const satisfies FlagTable;

/** Whose, where everything is one of them. */
export const snapshotWholeFlags = {
  ...snapshotScopeFlags,
  storage: {
    flag: "--storage",
    help: "Qdrant's own snapshot of everything instead, one of each node",
    schema: onOff,
  },
} as const satisfies FlagTable;

/** Where a cluster is. */
export const snapshotNodeFlags = {
  node: {
    flag: "--node <address>",
    help: "REST address of a further node of the cluster, http(s)://host:6333; a cluster needs all",
    schema: texts,
    repeat: true,
  },
} as const satisfies FlagTable;

export const snapshotCreateFlags = {
  to: {
    flag: "--to <folder>",
    help: "download them there, with a list of their sums and of what was in them; the server's own copies then go",
    schema: text,
  },
  keep: {
    flag: "--keep-on-server",
    help: "leave the downloaded ones at the server, too",
    schema: onOff,
  },
} as const satisfies FlagTable;

export const snapshotDownloadFlags = {
  to: { flag: "--to <folder>", help: "where the files go", schema: text },
  name: {
    flag: "--name <snapshot>",
    help: "the one of this name; default: the newest",
    schema: text.refine((name) => !/[/\\]/.test(name), "must be a name, not a path"),
  },
} as const satisfies FlagTable;

export const snapshotRecoverFlags = {
  from: {
    flag: "--from <place>",
    help: "folder of `snapshot create --to`, a snapshot's file, or a URL (http, https, file) that the server reads itself",
    schema: text,
  },
  rename: {
    flag: "--rename <old=new>",
    help: "another name for one collection",
    schema: pairs,
    repeat: true,
  },
  overwrite: {
    flag: "--overwrite",
    help: "replace collections that stand there",
    schema: onOff,
  },
  priority: {
    flag: "--priority <side>",
    help: `which side counts where replicas differ: ${snapshotPriorities.join(", ")} (default: snapshot)`,
    schema: oneOf(snapshotPriorities),
  },
  checksum: {
    flag: "--checksum <sha256>",
    help: "SHA-256 that the file must have",
    schema: text.regex(/^[0-9a-f]{64}$/i, "must be 64 hex digits"),
  },
  waitMs: {
    flag: "--wait-ms <ms>",
    help: "how long the replicas of a recovered collection may take to settle; default 600000",
    schema: wholeNumber(1, 86_400_000),
  },
  dryRun: { flag: "--dry-run", help: "check all of it, and change nothing", schema: onOff },
} as const satisfies FlagTable;
