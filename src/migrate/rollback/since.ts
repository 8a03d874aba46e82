/** What each end was told since the migration: every record at Qdrant, in the journal and at Chroma, held against one another. Writes nothing. */
import type { CollectionInfo } from "../../model/collection.ts";
import { bucketRange } from "../../model/digest.ts";
import { exportRecords } from "../../model/export-record.ts";
import { isCanonicalUuid } from "../../model/point-id.ts";
import type { RecordBatch } from "../../model/record.ts";
import { pickRows } from "../../model/rows.ts";
import type { ReadResult, TargetStore } from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { digestAt, digestsOf, sameDigest } from "../digests.ts";
import { type LanePlan, placed } from "../export/lane.ts";
import type { ExportShape } from "../export/request.ts";
import { LanePlans, Router } from "../export/route.ts";
import { ulpsOf } from "../export/standing.ts";
import type { Journal } from "../journal/journal.ts";
import type { PointRow } from "../journal/points.ts";
import { type LedgerRow, recordStates } from "../journal/row.ts";
import { type PointAt, sameButForUlps } from "../verify/describe.ts";
import { wasCarried } from "./base.ts";
import { carriedIds, standingOf, type Way, type Witnesses } from "./way.ts";

/**
 * What is named: `newer` = changed in Chroma, and not at Qdrant; `both` = changed at both, or made at both; `lacking` = at
 * Qdrant as it was carried, and no longer in Chroma; `deleted` = no longer at Qdrant, and in Chroma as it was carried.
 */
export const sinceKinds = ["newer", "both", "lacking", "deleted"] as const;
export type SinceKind = (typeof sinceKinds)[number];

export interface SinceRecord {
  /** Chroma's. */
  readonly collection: string;
  readonly id: string;
  readonly kind: SinceKind;
}

export interface SinceCounts extends Record<SinceKind, number> {
  /** At both ends as the migration left them. */
  unchanged: number;
  /** Written to Qdrant since, and not in Chroma. */
  added: number;
  /** Written to Qdrant since, and in Chroma as the migration read them. */
  changed: number;
  /** Written to Qdrant since, and in Chroma just so. */
  back: number;
  /** In Chroma alone, where the migration never saw them. */
  onlyAtChroma: number;
}

export interface SinceInput extends Witnesses {
  readonly journal: Journal;
  readonly ways: readonly Way[];
  readonly qdrant: TargetStore;
  /** Chroma's. */
  readonly collections: readonly CollectionInfo[];
  readonly shape: ExportShape;
  readonly signal: AbortSignal;
  readonly onRows: (collection: string, rows: number) => void;
  /** Told of each record that is named, as it is found. */
  readonly onRecord: (record: SinceRecord) => void;
}

const pageRows = 500;
const nothingRead: ReadResult = {
  batch: { ids: [], vectors: new Map(), payload: { documents: [], uris: [], metadata: [] } },
  absent: [],
  failures: [],
};

export function noSince(): SinceCounts {
  const named = { newer: 0, both: 0, lacking: 0, deleted: 0 };
  return { ...named, unchanged: 0, added: 0, changed: 0, back: 0, onlyAtChroma: 0 };
}

/** Looks at every record of the migration's collections. A collection that Qdrant has no more is left out: nothing of it goes back. */
export async function lookSince(input: SinceInput): Promise<SinceCounts> {
  const { ways, qdrant, chroma, signal } = input;
  const counts = noSince();
  const infos = await qdrant.collections({ signal });
  let seen = 0;
  for (const [target, own] of Map.groupBy(ways, ({ plan }) => plan.target)) {
    const info = infos.find(({ name }) => name === target);
    if (info === undefined) continue;
    const look = new Look(input, info, own, counts);
    await look.run();
    seen += look.seen;
  }
  const standing = ways.flatMap(({ standing, plan }) =>
    standing !== null && infos.some(({ name }) => name === plan.target) ? [standing] : [],
  );
  for (const info of standing) counts.onlyAtChroma += await chroma.count(info, { signal });
  counts.onlyAtChroma = Math.max(0, counts.onlyAtChroma - seen);
  return counts;
}

/** One record as it stands in the journal and at Qdrant; in one of the two at least. */
interface Sight {
  readonly id: string;
  readonly row: LedgerRow | null;
  readonly point: PointAt | null;
  /** Where it goes, by the rules of an export; null = it stays. */
  readonly lane: LanePlan | null;
  readonly way: Way | null;
  /** Whether nobody has written to the point since the migration. */
  readonly isAsCarried: boolean;
}

/** One collection of Qdrant's, with all of Chroma's that were carried there. */
class Look {
  /** Records of Chroma's that were read. */
  seen = 0;
  readonly #input: SinceInput;
  readonly #info: CollectionInfo;
  readonly #ways: readonly Way[];
  readonly #counts: SinceCounts;
  readonly #router: Router;
  readonly #pageRows: number;
  #page: Sight[] = [];
  #done = 0;

  constructor(input: SinceInput, info: CollectionInfo, ways: readonly Way[], counts: SinceCounts) {
    this.#input = input;
    this.#info = info;
    this.#ways = ways;
    this.#counts = counts;
    const plans = new LanePlans((name) => input.chroma.assertName(name));
    this.#pageRows = Math.min(pageRows, input.chroma.capabilities.batchSizeMax ?? pageRows);
    this.#router = new Router(info, "points", plans, input.shape);
  }

  /** Points come in the order of their ids, and so do the journal's: the two are gone through side by side. */
  async run(): Promise<void> {
    const { journal, qdrant, signal } = this.#input;
    const [first] = this.#ways;
    if (first === undefined) return;
    const rows = journal.points(first.entered, bucketRange(0).from, bucketRange(255).to);
    let next = rows.next();
    for await (const batch of qdrant.scan(this.#info, { signal })) {
      const digests = digestsOf(batch);
      for (const [at, point] of batch.placement.points.entries()) {
        throwIfAborted(signal);
        // Ids that are numbers come first, and are no migration's.
        const isUuid = isCanonicalUuid(point);
        for (; isUuid && !next.done && next.value.point < point; next = rows.next())
          await this.#add(this.#ofRow(next.value));
        const sight = this.#ofPoint({ batch, row: at });
        if (isUuid && !next.done && next.value.point === point) {
          await this.#add(this.#ofBoth(next.value, sight, digestAt(digests, at)));
          next = rows.next();
        } else await this.#add(sight);
      }
      await this.#judge();
    }
    for (; !next.done; next = rows.next()) await this.#add(this.#ofRow(next.value));
    await this.#judge();
  }

  #wayOf({ collection }: PointRow): Way | null {
    return this.#ways.find(({ entered }) => entered.id === collection) ?? null;
  }

  #ofRow(row: PointRow): Sight {
    return { id: row.id, row, point: null, lane: null, way: this.#wayOf(row), isAsCarried: false };
  }

  #ofBoth(row: PointRow, sight: Sight, digest: Uint8Array): Sight {
    const isAsCarried = wasCarried(row) && sameDigest(row.digest, digest);
    return { ...sight, row, way: this.#wayOf(row), isAsCarried };
  }

  #ofPoint(point: PointAt): Sight {
    const lane = this.#router.planOf(point.batch, point.row);
    const { name } = lane.spec;
    const way = this.#ways.find(({ plan }) => plan.source.name === name) ?? null;
    const id = point.batch.ids[point.row] ?? "";
    return { id, row: null, point, lane, way, isAsCarried: false };
  }

  async #add(sight: Sight): Promise<void> {
    this.#page.push(sight);
    if (this.#page.length >= this.#pageRows) await this.#judge();
  }

  async #judge(): Promise<void> {
    const page = this.#page;
    this.#page = [];
    for (const [way, sights] of Map.groupBy(page, ({ way }) => way)) {
      if (way !== null) await this.#judgeWay(way, sights);
      else
        for (const [name, own] of Map.groupBy(sights, ({ lane }) => lane?.spec.name ?? ""))
          await this.#judgeOthers(name, own);
    }
    this.#done += page.length;
    this.#input.onRows(this.#info.name, this.#done);
  }

  async #judgeWay(way: Way, sights: readonly Sight[]): Promise<void> {
    const { signal, chroma } = this.#input;
    const ids = [...new Set(sights.map(({ id }) => id))];
    const read =
      way.standing === null ? nothingRead : await chroma.read(way.standing, ids, { signal });
    const standing = standingOf(way, read.batch);
    // What is there and cannot be read is nothing that was carried.
    for (const { id } of read.failures) standing.set(id, { at: null, digest: null });
    this.seen += standing.size;
    const byId = new Map(sights.map((sight) => [sight.id, sight]));
    const known = {
      row: (id: string) => byId.get(id)?.row ?? null,
      point: (id: string) => byId.get(id)?.point ?? null,
    };
    const carried = await carriedIds(way, standing, known, this.#input, signal);
    const back = this.#backIds(
      read.batch,
      sights.filter(({ id }) => !carried.has(id)),
    );
    for (const sight of sights) {
      const { id } = sight;
      const there = standing.has(id) ? (carried.has(id) ? "carried" : "other") : "absent";
      this.#count(way.plan.source.name, sight, there, back.has(id));
    }
  }

  /** Points that go to a collection which the migration did not come from. */
  async #judgeOthers(name: string, sights: readonly Sight[]): Promise<void> {
    const { signal, chroma, collections } = this.#input;
    const standing = collections.find((one) => one.name === name);
    const ids = [...new Set(sights.map(({ id }) => id))];
    const read =
      standing === undefined ? nothingRead : await chroma.read(standing, ids, { signal });
    const there = new Set([...read.batch.ids, ...read.failures.map(({ id }) => id)]);
    const back = this.#backIds(read.batch, sights);
    for (const sight of sights)
      this.#count(name, sight, there.has(sight.id) ? "other" : "absent", back.has(sight.id));
  }

  /** The ids of points that stand in Chroma just so, by the rules of an export. */
  #backIds(records: RecordBatch, sights: readonly Sight[]): Set<string> {
    const back = new Set<string>();
    const there = placed(records);
    const digests = digestsOf(there);
    const rows = new Map(there.ids.map((id, row) => [id, row]));
    for (const { id, point, lane } of sights) {
      const place = rows.get(id);
      if (place === undefined || point === null || lane === null) continue;
      const made = exportRecords(pickRows(point.batch, [point.row]), lane.rules).records;
      if (made.ids.length === 0) continue;
      const { shape, chroma } = this.#input;
      const wanted = placed(shape.nearestFloats ? chroma.nearest(made) : made);
      const isSame = sameDigest(digestsOf(wanted), digestAt(digests, place));
      const ulps = ulpsOf({ plan: lane, target: chroma });
      const [one, other] = [
        { batch: wanted, row: 0 },
        { batch: there, row: place },
      ];
      if (isSame || (ulps > 0 && sameButForUlps(one, other, ulps))) back.add(id);
    }
    return back;
  }

  #count(
    collection: string,
    { id, row, point, isAsCarried }: Sight,
    there: "carried" | "other" | "absent",
    isBack: boolean,
  ): void {
    const name = (kind: SinceKind): void => {
      this.#counts[kind] += 1;
      this.#input.onRecord({ collection, id, kind });
    };
    if (point === null) {
      if (row?.state !== recordStates.written || there === "absent") return;
      name(there === "carried" ? "deleted" : "newer");
    } else if (isAsCarried) {
      const wasGone = row?.state === recordStates.deleted;
      if (there === "carried" || isBack || (there === "absent" && wasGone))
        this.#counts.unchanged += 1;
      else name(there === "absent" ? "lacking" : "newer");
    } else if (there === "absent") this.#counts.added += 1;
    else if (isBack) this.#counts.back += 1;
    else if (there === "carried") this.#counts.changed += 1;
    else name("both");
  }
}
