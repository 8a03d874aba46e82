/**
 * How many requests, bytes and seconds a copy will take, from what the survey measured:
 *
 *   batch      rows a batch by the formula of model/batch-size.ts
 *   reading    records · (time of the survey / records that it looked at); Chroma Cloud and servers are read as fast in a copy
 *   writing    records · 45 µs + bytes / rate + requests · round trip / requests in flight, where both constants are those of
 *              a copy on two cores that Qdrant shared (docs/benchmarks.md); the round trip is measured, nothing is written
 *   verifying  the target is read once, in half the time of writing
 *
 * A time of this kind is good to a factor of two or three; the reading's share is measured.
 */
import { z } from "zod";
import { batchTargetBytes, optimalBatchSize } from "../../model/batch-size.ts";
import type { Capabilities } from "../../store/port.ts";
import type { Surveyed } from "./sizing.ts";

const number = z.number().nonnegative().max(Number.MAX_SAFE_INTEGER);

export const estimateSchema = z.object({
  readRequests: number.describe(
    "Calls to the source: listings and records. None to a folder's files.",
  ),
  writeRequests: number,
  verifyRequests: number,
  bytes: number.describe("Vectors as float32 and payload as text."),
  readSeconds: number.describe("Measured: the survey's pace for all records."),
  writeSeconds: number.describe("By rule of thumb: nothing was written to measure it."),
  verifySeconds: number.describe("By rule of thumb."),
});

export type Estimate = Readonly<z.infer<typeof estimateSchema>>;

/** What is known of the two ends; a null target: none was named, and REST is assumed. */
export interface EstimateEnds {
  readonly source: Capabilities;
  readonly target: Capabilities | null;
  /** A round trip to the target, measured; 0 where there is none. */
  readonly roundTripMs: number;
}

/** What a record costs, whatever its size. */
const secondsPerRecord = 45e-6;
/** Bytes of vectors and payload a second that go by gRPC (or to an embedded Qdrant), and by REST. */
const bytesPerSecond = { columns: 40e6, json: 14e6 };
/** Ids a page of a listing, where no quota says fewer. */
const listingRows = 20_000;
/** Rows a page when the target is read. */
const scanRows = 1_000;

export function estimateOf({ plan, survey }: Surveyed, ends: EstimateEnds): Estimate {
  const { source, target } = ends;
  const { records } = survey;
  const payloadBytes = survey.payload.mean;
  const bodyBytesMax = target?.bodyBytesMax ?? null;
  const batch = optimalBatchSize({
    targetBytes: batchTargetBytes,
    dimension: plan.dimension,
    payloadBytes,
    bodyBytesMax,
    rowsMax: [source.batchSizeMax, target?.batchSizeMax ?? null],
  });
  const batches = Math.ceil(records / batch);
  const listings = Math.ceil(records / (source.batchSizeMax ?? listingRows));
  const bytes = Math.round(records * (4 * plan.dimension + payloadBytes));
  const rate =
    bodyBytesMax === null && target !== null ? bytesPerSecond.columns : bytesPerSecond.json;
  const trips = (count: number) => (count * ends.roundTripMs) / 1000 / (target?.concurrency ?? 1);
  const work = records * secondsPerRecord + bytes / rate;
  const scans = Math.ceil(records / scanRows);
  const pace = survey.surveyed === 0 ? 0 : survey.readMs / survey.surveyed;
  return {
    // Others may write to a server, so its ids are listed again after the copy.
    readRequests: source.live ? batches + 2 * listings : 0,
    writeRequests: batches,
    verifyRequests: scans,
    bytes,
    readSeconds: tenth((records * pace) / 1000),
    writeSeconds: tenth(work + trips(batches)),
    verifySeconds: tenth(work / 2 + trips(scans)),
  };
}

/** Several estimates as one: collections go one after another. */
export function sumEstimates(estimates: readonly Estimate[]): Estimate {
  const sum = (name: keyof Estimate) =>
    tenth(estimates.reduce((total, one) => total + one[name], 0));
  return {
    readRequests: sum("readRequests"),
    writeRequests: sum("writeRequests"),
    verifyRequests: sum("verifyRequests"),
    bytes: sum("bytes"),
    readSeconds: sum("readSeconds"),
    writeSeconds: sum("writeSeconds"),
    verifySeconds: sum("verifySeconds"),
  };
}

/** Seconds from the first request to the end: reading and writing go on at the same time, the slower one decides. */
export function totalSeconds({ readSeconds, writeSeconds, verifySeconds }: Estimate): number {
  return Math.max(readSeconds, writeSeconds) + verifySeconds;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
