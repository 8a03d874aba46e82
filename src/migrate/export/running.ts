/** What the steps of one export share. */
import { batchTargetBytes, inFlightBytesMax, optimalBatchSize } from "../../model/batch-size.ts";
import type { PointBatch } from "../../model/record.ts";
import type { RecordTarget } from "../../store/record-target.ts";
import { runWorkers } from "../../util/workers.ts";
import type { Journal, Migration } from "../journal/journal.ts";
import type { ReportBuilder } from "../report.ts";
import type { RunContext } from "../request.ts";
import type { Course, ExportLane } from "./lane.ts";
import { piecesOf } from "./pieces.ts";
import type { ExportBase, ExportShape, ExportSource } from "./request.ts";
import type { LanePlans, Router } from "./route.ts";

export interface ExportRun {
  readonly source: ExportSource;
  readonly target: RecordTarget;
  readonly shape: ExportShape;
  readonly base: ExportBase | null;
  readonly context: RunContext;
  readonly journal: Journal;
  readonly migration: Migration;
  readonly report: ReportBuilder;
  readonly plans: LanePlans;
  readonly routers: readonly Router[];
}

/** Bytes of payload that a row is reckoned with. */
const payloadBytes = 2000;

/** Rows of a piece, and pieces in flight. */
export function flightOf(
  { target }: Pick<ExportRun, "target">,
  { info }: Router,
  wanted: number | null,
): { readonly batchSize: number; readonly workers: number } {
  const { batchSizeMax, bodyBytesMax, concurrency } = target.capabilities;
  const dimension = info.dimension ?? 0;
  const batchSize =
    wanted ??
    optimalBatchSize({
      targetBytes: batchTargetBytes,
      dimension,
      payloadBytes,
      bodyBytesMax,
      rowsMax: [batchSizeMax],
    });
  const room = Math.floor(inFlightBytesMax / (batchSize * (4 * dimension + payloadBytes)));
  return { batchSize, workers: Math.max(1, Math.min(room, concurrency)) };
}

/** The target collections of a run, by the place of their plans. */
export type Courses = ReadonlyMap<number, Course>;

/** Runs `work` over all pieces of a collection, several at a time. */
export async function overPieces(
  run: ExportRun,
  router: Router,
  flight: { readonly batchSize: number; readonly workers: number },
  courses: Courses,
  work: (course: Course, piece: PointBatch, signal: AbortSignal) => Promise<void>,
): Promise<{ readonly unchanged: number }> {
  const { source, base, context } = run;
  let unchanged = 0;
  const pieces = piecesOf(source, router, {
    vectors: true,
    batchSize: flight.batchSize,
    base,
    onUnchanged: (rows) => {
      unchanged += rows;
    },
    signal: context.signal,
  });
  try {
    await runWorkers(flight.workers, context.signal, async (signal) => {
      for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
        const { plan, batch } = next.value;
        const course = courses.get(plan.index);
        if (course !== undefined) await work(course, batch, signal);
      }
    });
  } finally {
    await pieces.return(undefined);
  }
  return { unchanged };
}

/** Lanes by the name of their target collection. */
export function byTarget<Lane extends ExportLane>(lanes: readonly Lane[]): Map<string, Lane[]> {
  return Map.groupBy(lanes, ({ plan }) => plan.spec.name);
}
