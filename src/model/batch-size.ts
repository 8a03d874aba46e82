/** Batch sizes: how many records travel together. */

export interface BatchSizeInput {
  readonly dimension: number;
  /** Mean bytes of a record's payload as JSON. */
  readonly payloadBytes: number;
  /** Bytes a batch aims at. Default 100 MiB. */
  readonly targetBytes?: number;
  /** Bounds of the two ends in rows (max_batch_size, strict mode); null = none. They go before the clamp. */
  readonly rowsMax?: readonly (number | null)[];
  /** Bytes a request body may have at the target; null = no bound. It goes before the clamp. */
  readonly bodyBytesMax?: number | null;
}

const batchRowsMin = 100;
const batchRowsMax = 5000;
const targetBytesDefault = 100 * 1024 * 1024;
/**
 * What vecferry's own batches aim at. A larger one does not travel faster: what is made for it outlives the young generation, and
 * costs a third more time and memory at 8 MiB (60,000 × 384 into a Qdrant 1.18.2).
 */
export const batchTargetBytes = 2 * 1024 * 1024;
/** Batches in flight, all together, stay under this. */
export const inFlightBytesMax = 64 * 1024 * 1024;

/** Bytes that one vector component takes at most in a JSON body (`-1.2345678806304932e-38` and a comma). */
export const jsonBytesPerComponent = 24;

/**
 * Rows a batch: targetBytes / (4 × dimension + payloadBytes), clamped to 100..5,000, then bounded by what the ends take.
 * At least 1.
 */
export function optimalBatchSize(input: BatchSizeInput): number {
  const {
    dimension,
    payloadBytes,
    targetBytes = targetBytesDefault,
    rowsMax = [],
    bodyBytesMax = null,
  } = input;
  const wanted = Math.floor(targetBytes / (4 * dimension + payloadBytes));
  const clamped = Math.min(batchRowsMax, Math.max(batchRowsMin, wanted));
  const bounds = rowsMax.filter((bound) => bound !== null);
  if (bodyBytesMax !== null)
    bounds.push(Math.floor(bodyBytesMax / (jsonBytesPerComponent * dimension + payloadBytes)));
  return Math.max(1, Math.min(clamped, ...bounds));
}
