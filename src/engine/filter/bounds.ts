/** Bounds of a range; numbers, or microseconds since 1970 for dates. */
export interface Bounds {
  readonly lt: number | null;
  readonly gt: number | null;
  readonly lte: number | null;
  readonly gte: number | null;
}

/** What the bounds leave: two ends, each a part of it or not. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly hasLow: boolean;
  readonly hasHigh: boolean;
}

export function intervalOf({ lt, gt, lte, gte }: Bounds): Interval {
  const low = Math.max(gt ?? Number.NEGATIVE_INFINITY, gte ?? Number.NEGATIVE_INFINITY);
  const high = Math.min(lt ?? Number.POSITIVE_INFINITY, lte ?? Number.POSITIVE_INFINITY);
  return { low, high, hasLow: low !== gt, hasHigh: high !== lt };
}

/** Whether a number lies within all bounds that are set. */
export function withinBounds(value: number | bigint, { lt, gt, lte, gte }: Bounds): boolean {
  return (
    (lt === null || value < lt) &&
    (gt === null || value > gt) &&
    (lte === null || value <= lte) &&
    (gte === null || value >= gte)
  );
}
