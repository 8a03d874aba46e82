/** Disk and memory: what the plan needs, held against what is there. */
import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { freemem, totalmem } from "node:os";
import { dirname, resolve } from "node:path";
import type { CollectionSpec } from "../../model/collection.ts";
import type { TargetLook } from "../../store/look.ts";
import { quoted } from "../../util/shell-word.ts";
import { type Sizing, type Surveyed, sizingOf } from "../planning/sizing.ts";
import type { Findings, Words } from "./finding.ts";

/** What one target collection needs. */
export interface Need {
  readonly spec: CollectionSpec;
  readonly points: number;
  readonly vectorBytes: number;
  readonly payloadBytes: number;
  readonly sizing: Sizing;
}

/** By name of the target collection. */
export function needsOf(
  specs: readonly CollectionSpec[],
  surveyed: readonly Surveyed[],
  inProcess: boolean,
): Map<string, Need> {
  return new Map(
    specs.map((spec) => {
      const group = surveyed.filter(({ plan }) => plan.target === spec.name);
      const sizing = sizingOf(spec, group, inProcess);
      const { points, payloadBytes } = sizing;
      const need = {
        spec,
        points,
        vectorBytes: 4 * spec.dimension * points,
        payloadBytes: points * payloadBytes,
        sizing,
      };
      return [spec.name, need];
    }),
  );
}

export interface RoomInput {
  readonly needs: ReadonlyMap<string, Need>;
  readonly look: TargetLook;
  /** Whether the target's server is on this machine, or it runs in this process. */
  readonly local: boolean;
  readonly stateFolder: string;
  readonly findings: Findings;
  readonly words: Words;
}

/** Bytes of the journal a record: its id and point twice, its digest, and what SQLite adds; measured, an id of 20 characters. */
const journalRecordBytes = 160;
export async function roomFindings(input: RoomInput): Promise<void> {
  const needs = [...input.needs.values()];
  const points = sum(needs, ({ points }) => points);
  if (points === 0) return;
  await disk(input, input.stateFolder, "The journal", points * journalRecordBytes, "here");
  memory(
    input,
    sum(needs, ({ sizing }) => sizing.planned.ramBytes),
  );
  const { folder, collections } = input.look;
  // Where a server keeps its points it does not tell.
  if (folder === null) return;
  const planned = collections.filter(({ info }) => input.needs.has(info.name));
  const there = sum(planned, ({ info }) => info.count ?? 0);
  // Points that stand there already are written over in their place.
  const left = Math.max(0, 1 - there / points);
  const wanted = left * sum(needs, ({ sizing }) => sizing.planned.diskBytes);
  await disk(input, folder, "The target", wanted, "target");
}

async function disk(
  { findings, words }: RoomInput,
  folder: string,
  what: string,
  wantedBytes: number,
  end: "target" | "here",
): Promise<void> {
  let held = resolve(folder);
  while (!existsSync(held) && dirname(held) !== held) held = dirname(held);
  const { bavail, bsize } = await statfs(held);
  const freeBytes = bavail * bsize;
  if (wantedBytes <= freeBytes) return;
  findings.add("disk-short", end, {
    text: `${what} will take about ${size(wantedBytes)}, and the disk of ${held} has ${size(freeBytes)} free.`,
    evidence: { folder: held, wantedBytes: Math.round(wantedBytes), freeBytes },
    words: { ...words, folder: quoted(held) },
  });
}

function memory({ look, local, findings, words }: RoomInput, wantedBytes: number): void {
  const { ramBytes, residentBytes } = look;
  const totalBytes = ramBytes ?? (local ? totalmem() : null);
  if (totalBytes === null) {
    findings.add("ram-unknown", "target", {
      text: `The target does not tell how much memory it has; about ${size(wantedBytes)} will be needed.`,
      evidence: { wantedBytes },
      words,
    });
    return;
  }
  // Of another machine only the whole is known, and what the server itself holds.
  const freeBytes = local ? freemem() : totalBytes - (residentBytes ?? 0);
  if (wantedBytes <= freeBytes) return;
  findings.add("ram-short", "target", {
    text: `About ${size(wantedBytes)} of memory will be needed for search at full speed, and ${size(freeBytes)} of ${size(totalBytes)} are free.`,
    evidence: { wantedBytes, freeBytes, totalBytes, residentBytes },
    words,
  });
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** power;
  return `${value >= 100 || power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}
