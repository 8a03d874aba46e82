/** What `status` prints for people. */
import type { CollectionStatus, MigrationStatus, Status } from "../../migrate/status.ts";
import { count, deltaText } from "./progress.ts";

/** Every migration of the journal, newest first. */
export function statusText(status: Status): string {
  const parts = status.migrations.map(migrationText);
  return [...parts, `Journal:    ${status.journal}`].join("\n\n");
}

function migrationText(migration: MigrationStatus): string {
  const {
    counts,
    runningPid,
    diedPid,
    recordsPerSecond: rate,
    delta,
    quarantine,
    report,
  } = migration;
  const process =
    runningPid !== null
      ? ` (process ${runningPid} is at work)`
      : diedPid !== null
        ? ` (process ${diedPid} died)`
        : "";
  const speed = rate === null ? "" : `, ${count(rate)} records/s`;
  const reasons = Object.entries(quarantine.byReason).map(([why, n]) => `${count(n)} ${why}`);
  return [
    `${migration.source} -> ${migration.target}`,
    `State:      ${migration.state}${process}`,
    ...(migration.reason === null ? [] : [`Last run:   ${migration.reason}`]),
    `Records:    ${count(counts.written)} of ${count(counts.listed)} at the target${speed}`,
    ...migration.collections.map((one) => `  ${collectionText(one)}`),
    ...(delta === null ? [] : [`Delta:      ${deltaText(delta)} in the last run`]),
    ...(reasons.length === 0 ? [] : [`Quarantine: ${reasons.join(", ")} (${quarantine.file})`]),
    ...(report === null ? [] : [`Report:     ${report}`]),
    ...migration.next.map((step) => `Next:       ${step}`),
  ].join("\n");
}

function collectionText({ name, target, tenant, counts, ...found }: CollectionStatus): string {
  const differences = Object.entries(found.differences).map(([kind, n]) => `${count(n)} ${kind}`);
  const parts = [
    `${name} -> ${target}${tenant === null ? "" : ` (tenant ${tenant})`}`,
    `${count(counts.written)} of ${count(counts.listed)}`,
    ...(counts.quarantined === 0 ? [] : [`${count(counts.quarantined)} in quarantine`]),
    ...differences,
    ...(found.verifiedAt === null ? [] : [`verified ${found.verifiedAt}`]),
  ];
  return parts.join("  ");
}
