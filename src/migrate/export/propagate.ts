/** Carries deletions: takes records away that the source has deleted, where they are still as they were written. */
import { throwIfAborted } from "../../util/abort.ts";
import { recordStates } from "../journal/row.ts";
import type { Propagated } from "../propagate.ts";
import { Imprints } from "./imprint.ts";
import { type Course, placed } from "./lane.ts";
import { ulpsOf } from "./standing.ts";

const pageRows = 500;

export async function propagateDeletes(course: Course, signal: AbortSignal): Promise<Propagated> {
  const { target, there, ledger } = course;
  const imprints = new Imprints(ulpsOf(course));
  let [removed, kept, after] = [0, 0, -1];
  const page = () => ledger.page(recordStates.deleted, after, pageRows);
  for (let rows = page(); rows.length > 0; rows = page()) {
    throwIfAborted(signal);
    const byId = new Map(rows.map((row) => [row.id, row]));
    const read = await target.read(there, [...byId.keys()], { signal });
    const batch = placed(read.batch);
    const found = imprints.of(batch);
    const changed = new Set(read.failures.map(({ id }) => id));
    batch.ids.forEach((id, row) => {
      const written = byId.get(id)?.digest ?? null;
      if (!imprints.isOf(written, batch, row, found)) changed.add(id);
    });
    const ids = batch.ids.filter((id) => !changed.has(id));
    if (ids.length > 0) await target.remove(there, ids, { signal });
    const settled = rows.filter(({ id }) => !changed.has(id)).map(({ ordinal }) => ordinal);
    ledger.setState(settled, recordStates.left);
    removed += ids.length;
    kept += changed.size;
    after = rows.at(-1)?.ordinal ?? after;
  }
  return { removed, kept };
}
