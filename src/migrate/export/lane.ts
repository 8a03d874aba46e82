/** One collection of the source, or a part of it, on its way into a collection of records. */
import type { CollectionInfo } from "../../model/collection.ts";
import type { Distance } from "../../model/distance.ts";
import type { ExportRules } from "../../model/export-record.ts";
import { tenantPointId } from "../../model/point-id.ts";
import type { PointBatch } from "../../model/record.ts";
import type { RecordCollectionSpec, RecordTarget } from "../../store/record-target.ts";
import type { CollectionPlan } from "../collection-plan.ts";
import type { JournalCollection } from "../journal/journal.ts";
import type { Ledger } from "../journal/ledger.ts";
import type { ExportShape, ExportSource } from "./request.ts";

/** What goes into one collection of the target out of one of the source. */
export interface LanePlan {
  /** Place among the plans of the run. */
  readonly index: number;
  /** What the journal knows it by. */
  readonly key: string;
  /** The source's collection. */
  readonly info: CollectionInfo;
  /** What was asked for it. */
  readonly shape: ExportShape;
  readonly spec: RecordCollectionSpec;
  readonly rules: ExportRules;
  /** The collection that it was, as far as is known. */
  readonly home: {
    readonly name: string;
    readonly tenant: string | null;
    readonly database: string | null;
  };
}

/** A plan that stands in the journal. */
export interface ExportLane {
  readonly plan: LanePlan;
  readonly entered: JournalCollection;
  readonly ledger: Ledger;
}

/** A lane whose target collection is there. */
export interface Course extends ExportLane {
  readonly source: ExportSource;
  readonly target: RecordTarget;
  /** The collection at the target. */
  readonly there: CollectionInfo;
  /** Whether it may hold records: else nothing is read there before it is written, and nothing counts as written. */
  readonly held: boolean;
}

/** The place of a record in the journal: none of one target collection has another's. */
export function placeOf(id: string): string {
  return tenantPointId("", id);
}

/** The plan as the journal keeps it: the records' places, and where they go. */
export function journalPlan({ key, info, spec }: LanePlan): CollectionPlan {
  const distance: Distance = spec.distance;
  return {
    source: { ...info, key, distance },
    target: spec.name,
    tenant: "",
    tenanted: true,
    merged: false,
    layout: "vecferry",
    idPrefix: null,
    dimension: spec.dimension ?? 0,
    distance,
  };
}

/** Records, with their places in the journal: what is digested, compared and described. */
export function placed(batch: Pick<PointBatch, "ids" | "vectors" | "payload">): PointBatch {
  const { ids, vectors, payload } = batch;
  const none = ids.map(() => null);
  return {
    ids,
    vectors,
    payload,
    placement: {
      points: ids.map(placeOf),
      tenants: none,
      norms: new Float64Array(ids.length).fill(Number.NaN),
      runs: none,
      collections: none,
      rest: none,
    },
  };
}
