/** What the migration here knows, for the export that goes back on it: what neither end has written since. */
import type { CollectionInfo } from "../../model/collection.ts";
import { isCanonicalUuid } from "../../model/point-id.ts";
import type { PointBatch, RecordBatch } from "../../model/record.ts";
import type { TargetStore } from "../../store/port.ts";
import { pointOf } from "../collection-plan.ts";
import { digestAt, digestsOf, sameDigest } from "../digests.ts";
import type { ExportBase } from "../export/request.ts";
import type { Journal } from "../journal/journal.ts";
import { recordStates } from "../journal/row.ts";
import type { PointAt } from "../verify/describe.ts";
import { carriedIds, standingOf, type Way, type Witnesses } from "./way.ts";

export interface BaseInput extends Witnesses {
  readonly journal: Journal;
  readonly ways: readonly Way[];
  readonly qdrant: TargetStore;
  /** Chroma's collections that this rollback restored: all of them is compared, and what stands there as the backup has it may be written over. */
  readonly restored: ReadonlySet<string>;
}

export class JournalBase implements ExportBase {
  readonly #input: BaseInput;

  constructor(input: BaseInput) {
    this.#input = input;
  }

  unchanged(collection: CollectionInfo, batch: PointBatch): ReadonlySet<number> {
    const { journal, ways, restored } = this.#input;
    const own = ways.filter(({ plan }) => plan.target === collection.name);
    const [first] = own;
    const uuids = batch.placement.points.filter(isCanonicalUuid).sort();
    const [from, to] = [uuids[0], uuids.at(-1)];
    const unchanged = new Set<number>();
    if (first === undefined || from === undefined || to === undefined) return unchanged;
    const places = new Map(batch.placement.points.map((point, row) => [point, row]));
    const digests = digestsOf(batch);
    const complete = new Set(
      own
        .filter(({ plan, standing }) => standing !== null && !restored.has(plan.source.name))
        .map(({ entered }) => entered.id),
    );
    for (const row of journal.points(first.entered, from, to)) {
      const place = places.get(row.point);
      if (place === undefined || !complete.has(row.collection) || !wasCarried(row)) continue;
      if (sameDigest(row.digest, digestAt(digests, place))) unchanged.add(place);
    }
    return unchanged;
  }

  async asCarried(
    collection: string,
    records: RecordBatch,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const { ways, restored, chroma, backup } = this.#input;
    // A backup of points is no witness of the records that were made of them.
    if (restored.has(collection) && backup === null) return new Set(records.ids);
    const way = ways.find(({ plan }) => plan.source.name === collection);
    if (way === undefined) return new Set();
    const standing = standingOf(way, records);
    const points =
      chroma.capabilities.vectorUlps === 0
        ? new Map()
        : await this.#points(way, records.ids, signal);
    const row = (id: string) => way.ledger.byPoint(pointOf(way.plan, id));
    const known = { row, point: (id: string) => points.get(id) ?? null };
    return await carriedIds(way, standing, known, this.#input, signal);
  }

  /** The points of these records as they are now. */
  async #points(
    { plan }: Way,
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<Map<string, PointAt>> {
    const { qdrant } = this.#input;
    const info = (await qdrant.collections({ signal })).find(({ name }) => name === plan.target);
    const found = new Map<string, PointAt>();
    if (info === undefined) return found;
    const points = new Map(ids.map((id) => [pointOf(plan, id), id]));
    const { batch } = await qdrant.read(info, [...points.keys()], { signal });
    batch.placement.points.forEach((point, row) => {
      const id = points.get(point);
      if (id !== undefined) found.set(id, { batch, row });
    });
    return found;
  }
}

/** Whether the migration wrote the record's point, and it is not known that it should be gone. */
export function wasCarried({ state }: { readonly state: number }): boolean {
  return state === recordStates.written || state === recordStates.deleted;
}
