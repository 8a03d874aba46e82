/** What a person can do after a run, as sentences with the command in them. */
import { chromaCloudText } from "../store/address.ts";
import type { StoreIdentity } from "../store/port.ts";
import { quoted } from "../util/shell-word.ts";
import type { DifferenceKind } from "./journal/difference.ts";
import type { Migration } from "./journal/journal.ts";
import type { Report, VerifyReport } from "./report-schema.ts";

export interface Aftermath {
  readonly migration: Pick<Migration, "source" | "target">;
  readonly command: Report["command"];
  readonly verify: VerifyReport | null;
  readonly quarantineFile: string | null;
  readonly failure: Report["failure"];
  /** Whether records go as they are: no journal tells then what was written. */
  readonly asTheyAre?: boolean;
}

/** The steps, the nearest first; none where all is well. */
export function nextSteps(aftermath: Aftermath): string[] {
  const { verify, quarantineFile, failure } = aftermath;
  const isGate = failure?.code === "E_GATE";
  if (failure !== null && !isGate) return failure.next === "" ? [] : [failure.next];
  if (aftermath.command === "backup") return archiveSteps(aftermath);
  if (isExport(aftermath.migration)) return exportSteps(aftermath);
  const stepsOf = aftermath.asTheyAre === true ? pointSteps : differenceSteps;
  const steps = verify === null ? [] : stepsOf(verify, endsText(aftermath.migration), aftermath);
  if (isGate) steps.push(failure.next);
  if (quarantineFile !== null) {
    steps.push(
      `Every record that was not carried stands with its reason in ${quarantineFile}; mend what can be mended at the source and run \`migrate\` again.`,
    );
  }
  return steps;
}

/** The steps after a backup. */
function archiveSteps({ migration, verify, quarantineFile }: Aftermath): string[] {
  const archive = quoted(endAddress(migration.target));
  const source = quoted(endAddress(migration.source));
  const steps: string[] = [];
  if ((verify?.differences ?? 0) > 0)
    steps.push(
      `The archive keeps what was read at its time; \`vecferry backup ${source} ${archive}\` adds what has changed since.`,
    );
  if (quarantineFile !== null)
    steps.push(
      `Every record that could not be read whole stands with its reason in ${quarantineFile}.`,
    );
  steps.push(`\`vecferry restore ${archive} TARGET\` puts the records into a Qdrant.`);
  return steps;
}

/** The steps where points went as they are. */
function pointSteps(verify: VerifyReport, ends: string, { migration }: Aftermath): string[] {
  const isArchive = migration.source.kind === "archive";
  const again = `vecferry ${isArchive ? "restore" : "migrate"} ${ends}`;
  const found = finder(verify);
  const steps: string[] = [];
  if (verify.collections.some(({ schema }) => schema.length > 0))
    steps.push("A target collection is not as the source's; see `schema` in the report.");
  if (found("missing")) steps.push(`\`${again}\` writes what is missing.`);
  if (found("changed-at-target"))
    steps.push(
      isArchive
        ? "What stands there otherwise is not written over: delete it, or give another --target-collection."
        : `\`${again} --overwrite\` also writes over what stands there otherwise.`,
    );
  if (found("extra"))
    steps.push(
      isArchive
        ? `\`${again} --merge\` leaves beside them what others have put there.`
        : `\`${again} --propagate-deletes\` deletes what the source has deleted since an earlier run, --merge leaves the rest where it is.`,
    );
  return steps;
}

/** Tells whether differences of any of some kinds were found. */
function finder(verify: VerifyReport): (...kinds: DifferenceKind[]) => boolean {
  return (...kinds) =>
    verify.collections.some(({ differences }) =>
      kinds.some((kind) => (differences[kind] ?? 0) > 0),
    );
}

/** Whether records go into a Chroma. */
export function isExport({ target }: Pick<Migration, "target">): boolean {
  return target.kind === "chroma" || target.kind === "chroma-cloud";
}

/** The command that carries the same again. */
export function carryCommand(migration: Pick<Migration, "source" | "target">): string {
  const verb = !isExport(migration)
    ? "migrate"
    : migration.source.kind === "archive"
      ? "restore"
      : "export";
  return `vecferry ${verb} ${endsText(migration)}`;
}

/** The steps after records were carried into a Chroma, or compared there. */
function exportSteps({ migration, verify, quarantineFile }: Aftermath): string[] {
  const again = carryCommand(migration);
  const found = (...kinds: DifferenceKind[]) =>
    verify?.collections.some(({ differences }) =>
      kinds.some((kind) => (differences[kind] ?? 0) > 0),
    );
  const steps: string[] = [];
  if (verify?.collections.some(({ schema }) => schema.length > 0))
    steps.push("A collection at the target is not as it should be; see `schema` in the report.");
  if (found("missing", "changed-at-source"))
    steps.push(`\`${again}\` writes what is new or has changed at the source.`);
  if (found("missing"))
    steps.push(`\`${again} --overwrite\` also writes again what was deleted at the target.`);
  if (found("changed-at-target", "taken"))
    steps.push(`\`${again} --overwrite\` writes the source's records over what stands there.`);
  if (found("deleted-at-source"))
    steps.push(`\`${again} --propagate-deletes\` deletes there what the source has deleted.`);
  if (found("unreadable"))
    steps.push(
      "Records that were carried once and cannot be held as they are now are named in the report.",
    );
  if (quarantineFile !== null)
    steps.push(
      `Every record that the target cannot hold stands with its reason in ${quarantineFile}; --flatten makes keys of objects.`,
    );
  return steps;
}

function differenceSteps(verify: VerifyReport, ends: string): string[] {
  const found = finder(verify);
  const steps: string[] = [];
  if (verify.collections.some(({ schema }) => schema.length > 0)) {
    steps.push("A target collection is not as it was made; see `schema` in the report.");
  }
  if (found("missing", "changed-at-source"))
    steps.push(
      `\`vecferry repair ${ends}\` writes what is missing and what changed at the source.`,
    );
  if (found("changed-at-target"))
    steps.push(
      `\`vecferry repair ${ends} --overwrite\` also writes over what was changed at the target.`,
    );
  if (found("taken"))
    steps.push(
      `Other points stand where records should: \`vecferry migrate ${ends} --restart --id-prefix COLLECTION=TEXT\` gives the records others, or --target-collection a place of their own.`,
    );
  if (found("deleted-at-source"))
    steps.push(
      `\`vecferry migrate ${ends} --propagate-deletes\` deletes at the target what the source has deleted.`,
    );
  if (found("extra"))
    steps.push(
      `\`vecferry repair ${ends} --delete-extra --dry-run\` shows which points would be deleted.`,
    );
  if (found("unreadable"))
    steps.push(
      "Records that the source no longer gives are named in the report; look into the source's log.",
    );
  return steps;
}

/** Both ends as the words of a command line. */
export function endsText({ source, target }: Pick<Migration, "source" | "target">): string {
  return `${quoted(endAddress(source))} ${quoted(endAddress(target))}`;
}

/** The address that opens this store again. */
export function endAddress({ kind, address, tenant, database }: StoreIdentity): string {
  const scope = [tenant, database].filter((part) => part !== null).map(encodeURIComponent);
  switch (kind) {
    case "chroma":
      return [address.replace(/^http/, "chroma"), ...scope].join("/");
    case "chroma-cloud":
      return chromaCloudText({ url: address, tenant, database });
    case "chroma-folder": {
      const query = new URLSearchParams();
      if (tenant !== null) query.set("tenant", tenant);
      if (database !== null) query.set("database", database);
      const path = `chroma-folder:${address.replace(/^chroma-folder:/, "")}`;
      return query.size === 0 ? path : `${path}?${query}`;
    }
    case "embedded":
      return address === ":memory:" ? address : `embedded:${address.replace(/^embedded:/, "")}`;
    case "archive":
    case "faiss":
      return `${kind}:${address}`;
    case "qdrant":
      return address;
  }
}
