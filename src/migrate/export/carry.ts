/** Carries a piece: records that are new or have changed are written, what is somebody else's is left and named. */
import type { PointBatch } from "../../model/record.ts";
import { bytesOf, pickRows } from "../../model/rows.ts";
import { writeOrFail } from "../../store/halving.ts";
import { passStop } from "../../util/stops.ts";
import { digestAt, sameDigest } from "../digests.ts";
import { DigestedRows } from "../journal/digested-rows.ts";
import { type LedgerRow, recordStates } from "../journal/row.ts";
import type { Totals } from "../transfer.ts";
import { Imprints } from "./imprint.ts";
import type { Course } from "./lane.ts";
import { placeOf } from "./lane.ts";
import { recordsOf } from "./records.ts";
import type { ExportRequest } from "./request.ts";
import { lookAtStanding, type Standing, ulpsOf } from "./standing.ts";

export interface CarriedPiece
  extends Pick<
    Totals,
    "written" | "changed" | "unchanged" | "failed" | "bytes" | "kept" | "taken"
  > {
  /** Records that were not listed: they have come since. */
  readonly appeared: number;
}

/** The journal's rows of these ids, by id. */
export function knownRows(
  { ledger }: Pick<Course, "ledger">,
  ids: readonly string[],
): Map<string, LedgerRow> {
  const places = [...new Set(ids)].map(placeOf);
  return new Map(ledger.backedUp.find(places).map((row) => [row.id, row]));
}

export async function carryPiece(
  course: Course,
  piece: PointBatch,
  { overwrite, base }: Pick<ExportRequest, "overwrite" | "base">,
  signal: AbortSignal,
): Promise<CarriedPiece> {
  const { ledger, target, there } = course;
  const { batch, failures } = await recordsOf(course, piece, signal);
  const known = knownRows(course, [...batch.ids, ...failures.map(({ id }) => id)]);
  const imprints = new Imprints(ulpsOf(course)).of(batch);
  const entered = (some: readonly number[]) =>
    DigestedRows.of(some, (row) => known.get(idOf(row))?.ordinal, imprints);
  const open = ledger.sending.open([...known.values()].map(({ ordinal }) => ordinal));
  const idOf = (row: number) => batch.ids[row] ?? "";
  const listed = [...batch.ids.keys()].filter((row) => known.has(idOf(row)));
  const changed = listed.filter((row) => {
    const one = known.get(idOf(row));
    const stands = course.held && one?.state === recordStates.written && !open.has(one.ordinal);
    // What somebody has changed at the target is written over although the source has not changed.
    return overwrite || !(stands && sameDigest(one.digest, digestAt(imprints, row)));
  });
  const standing = course.held
    ? await lookAtStanding(course, known, pickRows(batch, changed), base, signal)
    : null;
  const sent = changed.filter((row) => isToBeSent(standing, idOf(row), overwrite));
  ledger.sending.add(entered(sent));
  const refused = await writeOrFail(pickRows(batch, sent), (rows) =>
    target.write(there, rows, { signal }),
  );
  if (sent.length > 0) passStop("after-acknowledge");
  const lost = new Set(refused.map(({ id }) => id));
  const written = sent.filter((row) => !lost.has(idOf(row)));
  const left = changed.filter((row) => !sent.includes(row));
  const others = left.filter((row) => standing?.others.has(idOf(row)));
  const kept = others.filter((row) => known.get(idOf(row))?.digest != null);
  const same = left.filter((row) => standing?.same.has(idOf(row)));
  const differ = new Set(changed);
  const unchanged = listed.filter((row) => !differ.has(row));
  const ordinals = (rows: readonly number[]) =>
    rows.flatMap((row) => known.get(idOf(row))?.ordinal ?? []);
  const failed = [...failures, ...refused];
  ledger.checkpoint({
    written: entered([...written, ...same]),
    unchanged: ordinals(unchanged),
    kept: ordinals(kept),
    failures: failed.flatMap(({ id, reason, detail }) => {
      const one = known.get(id);
      return one === undefined ? [] : [{ ordinal: one.ordinal, reason, detail }];
    }),
    gone: [],
  });
  return {
    written: written.length,
    changed: written.filter((row) => known.get(idOf(row))?.digest != null).length,
    unchanged: unchanged.length + same.length,
    failed: failed.filter(({ id }) => known.has(id)).length,
    bytes: bytesOf(pickRows(batch, written)),
    kept: kept.length,
    taken: others.length - kept.length,
    appeared: batch.ids.length - listed.length + failures.filter(({ id }) => !known.has(id)).length,
  };
}

function isToBeSent(standing: Standing | null, id: string, overwrite: boolean): boolean {
  if (standing === null) return true;
  if (standing.same.has(id)) return false;
  return overwrite || !standing.others.has(id);
}
