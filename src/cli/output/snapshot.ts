/** What `snapshot` prints for people. */
import type { ListedSnapshot } from "../../migrate/snapshots/list.ts";
import type { RecoverOutcome } from "../../migrate/snapshots/recover.ts";
import type { SnapshotSet } from "../../migrate/snapshots/set.ts";
import { quoted } from "../../util/shell-word.ts";
import { count } from "./progress.ts";

/** What was made, or fetched, and what to do with it. */
export function setText({ source, snapshots }: SnapshotSet, folder: string | null): string {
  const lines = snapshots.map(({ collection, points, files }) => {
    const [bytes, whose] = [
      files.reduce((sum, one) => sum + one.bytes, 0),
      collection ?? "Everything",
    ];
    const held = points === null ? "" : `, ${range(points)} points`;
    const parts = files.length === 1 ? (files[0]?.name ?? "") : `${files.length} files`;
    return `${whose}: ${parts}, ${size(bytes)}${held}`;
  });
  const from = source.kind === "embedded" ? `embedded:${source.address}` : source.address;
  const next =
    folder === null
      ? "They stand at the server: `vecferry snapshot download` fetches them."
      : `Next: vecferry snapshot recover ${quoted(from)} --from ${quoted(folder)}`;
  return [...lines, next].join("\n");
}

/** One line a snapshot. */
export function listText(listed: readonly ListedSnapshot[]): string {
  if (listed.length === 0) return "No snapshot.";
  const several = new Set(listed.map(({ node }) => node)).size > 1;
  return listed
    .map(({ collection, shard, node, name, bytes, createdAt, sha256 }) => {
      const whose = `${collection ?? "(everything)"}${shard === null ? "" : ` shard ${shard}`}`;
      const where = several ? `  ${node}` : "";
      return `${whose}  ${name}  ${size(bytes)}  ${createdAt ?? "-"}  ${sha256 ?? "no SHA-256"}${where}`;
    })
    .join("\n");
}

/** What stands there now, and whether it is what was in the snapshot. */
export function recoverText(
  { recovered, aliases, aliasesLeft, exit }: RecoverOutcome,
  dryRun: boolean,
): string {
  const lines = recovered.map((one) => {
    const { target, points, expected, replaced, sampled, differing, same } = one;
    if (points === null) {
      const instead = replaced === null ? "" : `, in the place of ${count(replaced)} points`;
      return `${target}: would be recovered${expected === null ? "" : `, ${range(expected)} points`}${instead}`;
    }
    const looked = sampled === 0 ? "no sample to compare" : `${sampled} of them compared`;
    if (same) return `${target}: ${count(points)} points, ${looked}`;
    const wanted = expected === null ? "" : `, and ${range(expected)} were in the snapshot`;
    const ids = differing.slice(0, 10).join(", ");
    const differ =
      differing.length === 0 ? "" : `; of ${sampled} compared ${differing.length} differ: ${ids}`;
    return `${target}: ${count(points)} points${wanted}${differ}`;
  });
  if (aliases.length > 0) lines.push(`Aliases made: ${aliases.join(", ")}.`);
  if (aliasesLeft.length > 0)
    lines.push(`Aliases that lead elsewhere already, and were left: ${aliasesLeft.join(", ")}.`);
  if (dryRun) return [...lines, "Nothing was changed."].join("\n");
  const verdict =
    exit === 0
      ? "Recovered."
      : "Differences: others write to it, or the snapshot was recovered elsewhere. `vecferry snapshot recover` again, with --overwrite.";
  return [...lines, verdict].join("\n");
}

function range({ min, max }: { readonly min: number; readonly max: number }): string {
  return min === max ? count(min) : `${count(min)} to ${count(max)}`;
}

function size(bytes: number): string {
  if (bytes < 1024 * 1024) return `${Math.ceil(bytes / 1024)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
