/** What stands at the target under the ids of records that are to be written there. */
import type { PointBatch } from "../../model/record.ts";
import { pickRows } from "../../model/rows.ts";
import { digestAt, digestsOf, sameDigest } from "../digests.ts";
import type { LedgerRow } from "../journal/row.ts";
import type { PointAt } from "../verify/describe.ts";
import { sameButForUlps } from "../verify/describe.ts";
import { Imprints } from "./imprint.ts";
import type { Course } from "./lane.ts";
import { placed } from "./lane.ts";
import type { ExportBase } from "./request.ts";

export interface Standing {
  /** Ids whose records stand there as they are to be. */
  readonly same: ReadonlySet<string>;
  /** Ids of records that stand there as they were written, or as a migration read them: they may be written over. */
  readonly ours: ReadonlySet<string>;
  /** Ids under which something else stands. */
  readonly others: ReadonlySet<string>;
  /** Those that can be read, by id. */
  readonly found: ReadonlyMap<string, PointAt>;
}

const nothing: Standing = {
  same: new Set(),
  ours: new Set(),
  others: new Set(),
  found: new Map(),
};

/** What a product of a unit vector and its norm may be apart from the vector that both were made of. */
const productUlps = 3;

/** Steps of float32 by which a component may stand at the target otherwise than it is made here. */
export function ulpsOf({ plan, target }: Pick<Course, "plan" | "target">): number {
  const { vectorUlps } = target.capabilities;
  return plan.rules.distance === "cosine" && vectorUlps > 0 ? vectorUlps + productUlps : 0;
}

/** Reads these records at the target and compares them with what is wanted and with what was written. */
export async function lookAtStanding(
  course: Course,
  known: ReadonlyMap<string, LedgerRow>,
  wanted: PointBatch,
  base: ExportBase | null,
  signal: AbortSignal,
): Promise<Standing> {
  if (wanted.ids.length === 0) return nothing;
  const { target, there, ledger, plan } = course;
  const read = await target.read(there, wanted.ids, { signal });
  const batch = placed(read.batch);
  const ulps = ulpsOf(course);
  const imprints = new Imprints(ulps);
  const prints = imprints.of(batch);
  const digests = digestsOf(batch);
  const wantedDigests = digestsOf(wanted);
  const rows = new Map(wanted.ids.map((id, row) => [id, row]));
  const found = new Map<string, PointAt>();
  const same = new Set<string>();
  const ours = new Set<string>();
  // What is there and cannot be read is nothing that was written here.
  const others = new Set(read.failures.map(({ id }) => id));
  batch.ids.forEach((id, place) => {
    const row = rows.get(id);
    if (row === undefined) return;
    const [one, other] = [
      { batch: wanted, row },
      { batch, row: place },
    ];
    found.set(id, other);
    const equal = sameDigest(digestAt(wantedDigests, row), digestAt(digests, place));
    if (equal || (ulps > 0 && sameButForUlps(one, other, ulps))) same.add(id);
    else if (isWritten(known.get(id), place)) ours.add(id);
    else others.add(id);
  });
  if (base !== null && others.size > 0) {
    const unsure = pickRows(
      batch,
      [...batch.ids.keys()].filter((row) => others.has(batch.ids[row] ?? "")),
    );
    for (const id of await base.asCarried(plan.spec.name, unsure, signal)) {
      others.delete(id);
      ours.add(id);
    }
  }
  return { same, ours, others, found };

  function isWritten(row: LedgerRow | undefined, place: number): boolean {
    if (row === undefined) return false;
    const sent = [row.digest, ...ledger.sending.of(row.ordinal)];
    return sent.some((imprint) => imprints.isOf(imprint, batch, place, prints));
  }
}
