/** One line a record, in the order of points: what `--combined` writes. */
import { setImmediate } from "node:timers/promises";
import { bucketRange } from "../../model/digest.ts";
import { throwIfAborted } from "../../util/abort.ts";
import type { Difference, DifferenceKind } from "../journal/difference.ts";
import { type LedgerRow, recordStates } from "../journal/row.ts";
import type { RecordLine, Sigil } from "../request.ts";
import type { Course } from "./lane.ts";

const pageRows = 1000;

const sigils: Readonly<Record<DifferenceKind, Sigil>> = {
  missing: "+",
  taken: "+",
  extra: "-",
  "deleted-at-source": "-",
  "changed-at-source": "*",
  "changed-at-target": "*",
  unreadable: "!",
};

/** Told of each record. */
export type OnRecord = (line: RecordLine) => void;

/** Tells every record of a collection: those at both ends, those quarantined, and all differences. */
export async function tellRecords(
  { lane }: Course,
  onRecord: OnRecord,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, plan } = lane;
  const collection = plan.source.name;
  const differences = ledger.eachDifference();
  let next = differences.next();
  const end = bucketRange(255).to;
  for (let rows = ledger.range(null, end, pageRows); rows.length > 0; ) {
    throwIfAborted(signal);
    for (const row of rows) {
      for (; !next.done && next.value.point < row.point; next = differences.next())
        tellDifference(next.value, collection, onRecord);
      if (!next.done && next.value.point === row.point) {
        tellDifference(next.value, collection, onRecord);
        next = differences.next();
      } else tellRow(row, collection, onRecord);
    }
    rows = ledger.range(rows.at(-1)?.point ?? end, end, pageRows);
    await setImmediate();
  }
  for (; !next.done; next = differences.next()) tellDifference(next.value, collection, onRecord);
}

export function tellDifference(
  { kind, id, detail }: Difference,
  collection: string,
  onRecord: OnRecord,
): void {
  onRecord({ sigil: sigils[kind], collection, id, detail: `${kind}: ${detail}` });
}

/** Tells a record without a difference, if it was carried or quarantined. */
export function tellRow({ id, state }: LedgerRow, collection: string, onRecord: OnRecord): void {
  if (state === recordStates.written) onRecord({ sigil: "=", collection, id, detail: "" });
  if (state === recordStates.quarantined)
    onRecord({ sigil: "!", collection, id, detail: "quarantined: see the quarantine file" });
}
