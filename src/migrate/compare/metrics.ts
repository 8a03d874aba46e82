/**
 * Figures of answers. Ties are counted fairly throughout: records whose true distances differ by no more than a float32 can
 * tell (`tieSlack`) stand for one another.
 */
import type { GroupFigures } from "./figures.ts";
import type { Ranking } from "./nearest.ts";

/** A record in an answer, with the distance that was answered. */
export interface Answered {
  readonly id: string;
  readonly distance: number;
}

/** One query and what is true of it. */
export interface Case {
  /** The true nearest, as many as are asked for; without the query's own record. */
  readonly truth: Ranking;
  readonly slack: number;
  /** The true distance of any record; undefined for one that the source does not have. */
  readonly distanceOf: (id: string) => number | undefined;
}

/** Answers to one query, each without the query's own record. */
export interface Answers {
  /** null = was not asked. */
  readonly source: readonly Answered[] | null;
  readonly exact: readonly Answered[] | null;
  readonly target: readonly Answered[];
}

/** What one query's answers are worth. */
export interface Judged {
  readonly recallSource: number | null;
  readonly recallExact: number | null;
  readonly recallTarget: number;
  readonly overlap: number;
  readonly top1: boolean;
  /** null where there is no order to compare. */
  readonly spearman: number | null;
  /** Of the records that both answer. */
  readonly scoreDifferences: readonly number[];
}

export function judge(one: Case, { source, exact, target }: Answers): Judged {
  const { ids, distances } = one.truth;
  const reference = source ?? ids.map((id, at) => ({ id, distance: distances[at] ?? Number.NaN }));
  const common = commonOf(reference, target);
  return {
    recallSource: source === null ? null : recallOf(one, source),
    recallExact: exact === null ? null : recallOf(one, exact),
    recallTarget: recallOf(one, target),
    overlap: overlapOf(one, reference, target),
    top1: isSame(one, reference[0]?.id, target[0]?.id),
    spearman: spearmanOf(
      one,
      common.map(({ id }) => id),
      target,
    ),
    // A distance beyond what a server's float32 holds is infinite there: that is no difference of scores.
    scoreDifferences: common.map(({ difference }) => difference).filter(Number.isFinite),
  };
}

/** Share of the true k that the answer has: a record counts that is as near as the k-th, whichever it is. */
export function recallOf({ truth, slack, distanceOf }: Case, answer: readonly Answered[]): number {
  const k = truth.ids.length;
  const last = truth.distances.at(-1);
  if (last === undefined) return 1;
  const right = uniqueIds(answer, k).filter((id) => (distanceOf(id) ?? Infinity) <= last + slack);
  return right.length / k;
}

/** Share of k records that both have, or for which each has another at the same distance. */
export function overlapOf(
  { truth, slack, distanceOf }: Case,
  one: readonly Answered[],
  other: readonly Answered[],
): number {
  const k = truth.ids.length;
  if (k === 0) return 1;
  const first = new Set(uniqueIds(one, k));
  const second = new Set(uniqueIds(other, k));
  const distances = (ids: ReadonlySet<string>, others: ReadonlySet<string>): number[] =>
    [...ids]
      .filter((id) => !others.has(id))
      .flatMap((id) => distanceOf(id) ?? [])
      .sort((a, b) => a - b);
  const alone = distances(first, second);
  const there = distances(second, first);
  let paired = [...first].filter((id) => second.has(id)).length;
  for (let i = 0, j = 0; i < alone.length && j < there.length; ) {
    const difference = (alone[i] ?? 0) - (there[j] ?? 0);
    if (Math.abs(difference) <= slack) paired += 1;
    if (difference <= slack) i += 1;
    if (difference >= -slack) j += 1;
  }
  return paired / k;
}

function isSame(
  { distanceOf, slack }: Case,
  one: string | undefined,
  other: string | undefined,
): boolean {
  if (one === undefined || other === undefined) return false;
  if (one === other) return true;
  const distances = [distanceOf(one) ?? Number.NaN, distanceOf(other) ?? Number.NaN];
  return Math.abs((distances[0] ?? 0) - (distances[1] ?? 0)) <= slack;
}

/** Records in both, in the first's order. */
function commonOf(
  one: readonly Answered[],
  other: readonly Answered[],
): { readonly id: string; readonly difference: number }[] {
  const there = new Map(other.map(({ id, distance }) => [id, distance]));
  return one.flatMap(({ id, distance }) => {
    const found = there.get(id);
    return found === undefined ? [] : [{ id, difference: Math.abs(distance - found) }];
  });
}

/**
 * Spearman's rank correlation of `ids` (one order) with the order in which `other` answers them. Records at one true distance
 * have no order: they share the mean of their ranks. null where fewer than two ranks are left.
 */
export function spearmanOf(
  { slack, distanceOf }: Case,
  ids: readonly string[],
  other: readonly Answered[],
): number | null {
  const wanted = new Set(ids);
  const there = uniqueIds(other, other.length).filter((id) => wanted.has(id));
  const ties = tieGroups(ids, distanceOf, slack);
  const one = ranksOf(ids, ties);
  const two = ranksOf(there, ties);
  const mean = (ids.length + 1) / 2;
  let both = 0;
  let oneSquared = 0;
  let twoSquared = 0;
  for (const id of ids) {
    const a = (one.get(id) ?? mean) - mean;
    const b = (two.get(id) ?? mean) - mean;
    both += a * b;
    oneSquared += a * a;
    twoSquared += b * b;
  }
  const spread = Math.sqrt(oneSquared * twoSquared);
  return spread === 0 ? null : both / spread;
}

/** The records in groups of one distance. */
function tieGroups(
  ids: readonly string[],
  distanceOf: Case["distanceOf"],
  slack: number,
): string[][] {
  const sorted = ids
    .map((id) => ({ id, distance: distanceOf(id) ?? Number.NaN }))
    .sort((a, b) => a.distance - b.distance);
  const groups: string[][] = [];
  let last = Number.NaN;
  for (const { id, distance } of sorted) {
    if (distance - last <= slack) groups.at(-1)?.push(id);
    else groups.push([id]);
    last = distance;
  }
  return groups;
}

function ranksOf(ids: readonly string[], ties: readonly string[][]): Map<string, number> {
  const ranks = new Map(ids.map((id, at) => [id, at + 1]));
  for (const group of ties) {
    const shared = group.reduce((sum, id) => sum + (ranks.get(id) ?? 0), 0) / group.length;
    for (const id of group) ranks.set(id, shared);
  }
  return ranks;
}

function uniqueIds(answer: readonly Answered[], k: number): string[] {
  return [...new Set(answer.map(({ id }) => id))].slice(0, k);
}

/** The figures of a group of queries; null for none. */
export function figuresOf(judged: readonly Judged[]): GroupFigures | null {
  if (judged.length === 0) return null;
  const recalls = judged.map(({ recallTarget }) => recallTarget).sort((a, b) => a - b);
  const differences = judged.flatMap(({ scoreDifferences }) => scoreDifferences);
  return {
    queries: judged.length,
    recall: {
      source: meanOf(judged.map(({ recallSource }) => recallSource)),
      exact: meanOf(judged.map(({ recallExact }) => recallExact)),
      target: {
        mean: meanOf(recalls) ?? 0,
        median: medianOf(recalls),
        min: recalls[0] ?? 0,
        p5: percentileOf(recalls, 0.05),
      },
    },
    overlap: meanOf(judged.map(({ overlap }) => overlap)) ?? 0,
    top1: judged.filter(({ top1 }) => top1).length / judged.length,
    spearman: meanOf(judged.map(({ spearman }) => spearman)),
    scoreDifference:
      differences.length === 0
        ? null
        : { mean: meanOf(differences) ?? 0, max: differences.reduce((a, b) => Math.max(a, b)) },
  };
}

/** The mean of what is there; null where nothing is. */
function meanOf(values: readonly (number | null)[]): number | null {
  const there = values.filter((value) => value !== null);
  return there.length === 0 ? null : there.reduce((sum, value) => sum + value, 0) / there.length;
}

function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? 0;
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? 0)) / 2 : upper;
}

/** The nearest-rank percentile of sorted values: the smallest that `part` of them do not exceed. */
export function percentileOf(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
}
