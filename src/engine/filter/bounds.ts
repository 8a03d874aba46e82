/** Bounds of a range; numbers, or microseconds since 1970 for dates. */
export interface Bounds {
  readonly lt: number | null;
  readonly gt: number | null;
  readonly lte: number | null;
  readonly gte: number | null;
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
