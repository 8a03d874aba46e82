/** How a collection's records travel. */

/** Rows a batch, and batches in flight. */
export interface Flight {
  readonly batchSize: number;
  readonly workers: number;
}

/** Rows of the first batch; each has twice as many as the one before, up to a whole one. */
export const firstRows = 128;
