/** What stands in the way back, and what would be lost on it. */
import { nameList } from "../../util/name-list.ts";
import type { Found, PlannedEnd } from "./found.ts";

export interface Problem {
  /** Sentences. */
  readonly text: string;
  /** Whether `rollback run` would refuse to begin. */
  readonly blocks: boolean;
}

/** The problems, those that block first. */
export function problemsOf(found: Found): Problem[] {
  const all = [...endProblems(found), ...backupProblems(found), ...migrationProblems(found)];
  const files = found.compose.flatMap(({ file, fault }) =>
    fault === null ? [] : [{ text: `${file}: ${fault}`, blocks: false }],
  );
  return [...all, ...files].sort((a, b) => Number(b.blocks) - Number(a.blocks));
}

function endProblems({ qdrant, chroma, migration, best }: Found): Problem[] {
  const problems: Problem[] = [];
  if (qdrant.fault !== null) {
    const without = " `rollback run --restore-only` goes back to the backup without it.";
    const text = `What was written since the switch cannot be read: ${faultText(qdrant)}${best === null ? "" : without}`;
    problems.push({ text, blocks: true });
  }
  if (chroma === null) {
    const text = `No Chroma is known that can be written${migration?.sourceKind === "chroma-folder" ? `: ${migration.source} is a folder, which is never written` : ""}. Start one and give its address: \`vecferry rollback plan QDRANT chroma://HOST:8000\`.`;
    problems.push({ text, blocks: true });
  } else if (chroma.fault !== null) problems.push({ text: faultText(chroma), blocks: true });
  return problems;
}

function faultText({ address, fault }: PlannedEnd): string {
  return fault === null ? "" : `${address}: ${fault.message} [${fault.code}]`;
}

function backupProblems({ backups, best, migration }: Found): Problem[] {
  const problems: Problem[] = backups.flatMap(({ path, fault }) =>
    fault === null ? [] : [{ text: `${path}: ${fault.message} [${fault.code}]`, blocks: false }],
  );
  if (best === null) {
    const others = backups.some(({ state }) => state === "whole");
    const found = others ? "The archives here are of other stores" : "No whole archive was found";
    const text = `${found}: there is no backup of this Chroma to go back to. Name one with --backup; \`rollback run --without-backup\` goes back without any.`;
    problems.push({ text, blocks: true });
  } else if (migration !== null && (best.created ?? "") < migration.createdAt) {
    const text = `The backup ${best.path} is of ${best.created}; what Chroma was told between then and ${migration.updatedAt}, the last pass of the migration, comes from Qdrant.`;
    problems.push({ text, blocks: false });
  }
  return problems;
}

function migrationProblems({ migration, qdrant }: Found): Problem[] {
  if (migration === null) {
    const text =
      "There is no journal of a migration to this Qdrant: which of two records that differ is the newer one cannot be told. All of them will be named, and stay as they are at Chroma unless --overwrite is said.";
    return [{ text, blocks: false }];
  }
  const problems: Problem[] = [];
  if (migration.state !== "VERIFIED" && migration.state !== "COPIED" && migration.state !== "STALE")
    problems.push({
      text: `The migration never came to its end (${migration.state}): Qdrant may lack records that Chroma has.`,
      blocks: false,
    });
  const known = new Set(migration.collections.map(({ target }) => target));
  const others = (qdrant.found?.collections ?? []).filter(({ name }) => !known.has(name));
  if (others.length > 0) {
    const names = others.map(({ name }) => name);
    const text = `This migration did not make ${nameList(names, 8)}: \`rollback run\` leaves them where they are; \`vecferry export\` carries them to Chroma.`;
    problems.push({ text, blocks: false });
  }
  return problems;
}
