/** A filter made ready for one collection in its present state: indexes first, payloads only where they must be looked into. */
import type { FieldTest } from "./field-tests.ts";
import type { Condition, Filter } from "./filter.ts";
import type { PathStep } from "./json-path.ts";
import { payloadTest, type TextsAt } from "./payload-test.ts";
import type { PayloadView } from "./payload-view.ts";
import type { SlotSet } from "./slot-set.ts";
import type { SlotTest } from "./slot-test.ts";

/** Slots, each once. */
export interface SomeSlots extends Iterable<number> {
  readonly count: number;
  has(slot: number): boolean;
}

/** What a filter needs of the collection. */
export interface FilterContext {
  /** Points of the collection. */
  readonly points: number;
  /** Slots of the ids that are there. */
  slotsOf(ids: readonly string[]): SomeSlots;
  hasVector(name: string, slot: number): boolean;
  /** What an index knows of a test; null = look into the payload. */
  indexed(path: readonly PathStep[], test: FieldTest): SlotTest | null;
  readonly textsAt: TextsAt;
}

export interface CompiledFilter {
  /** About how many slots fit at most. */
  readonly estimate: number;
  /** Whether `test` looks into the payload. */
  readonly readsPayload: boolean;
  test(slot: number, payload: PayloadView): boolean;
  /** Whether `fill` adds only slots that fit: there is nothing left to test. */
  readonly fillIsExact: boolean;
  /** Adds all slots that can fit, and maybe others; null where that is not known without asking every point. */
  readonly fill: ((found: SlotSet) => void) | null;
}

export function compileFilter(filter: Filter, context: FilterContext): CompiledFilter {
  const compileAll = (conditions: readonly Condition[] | null): CompiledFilter[] | null =>
    conditions === null || conditions.length === 0
      ? null
      : conditions.map((condition) => compileCondition(condition, context)).sort(byEffort);
  const must = compileAll(filter.must) ?? [];
  const mustNot = compileAll(filter.mustNot) ?? [];
  const should = compileAll(filter.should);
  const minShould = compileAll(filter.minShould?.conditions ?? null);
  const minCount = filter.minShould?.minCount ?? 0;
  const narrow = narrowest([
    ...must,
    ...(should === null ? [] : [anyOf(should)]),
    ...(minShould === null || minCount === 0 ? [] : [anyOf(minShould)]),
  ]);
  return {
    estimate: Math.min(context.points, narrow?.estimate ?? context.points),
    fill: narrow?.fill ?? null,
    fillIsExact:
      narrow?.fillIsExact === true &&
      must.length + Number(should !== null) === 1 &&
      mustNot.length === 0 &&
      minShould === null,
    readsPayload: [must, mustNot, should ?? [], minShould ?? []].flat().some(readsPayload),
    test: (slot, payload) =>
      must.every((each) => each.test(slot, payload)) &&
      !mustNot.some((each) => each.test(slot, payload)) &&
      (should === null || should.some((each) => each.test(slot, payload))) &&
      (minShould === null || reaches(minShould, minCount, slot, payload)),
  };
}

function readsPayload(each: CompiledFilter): boolean {
  return each.readsPayload;
}

/** What is told without the payload comes first, and of that what fewest fit. */
function byEffort(one: CompiledFilter, other: CompiledFilter): number {
  return Number(one.readsPayload) - Number(other.readsPayload) || one.estimate - other.estimate;
}

type Candidates = Pick<CompiledFilter, "estimate" | "fill" | "fillIsExact">;

function narrowest(all: readonly Candidates[]): Candidates | null {
  let best: Candidates | null = null;
  for (const each of all) {
    if (each.fill !== null && (best === null || each.estimate < best.estimate)) best = each;
  }
  return best;
}

/** All that one of the conditions can fit, where each of them knows. */
function anyOf(conditions: readonly CompiledFilter[]): Candidates {
  return {
    estimate: conditions.reduce((sum, each) => sum + each.estimate, 0),
    fillIsExact: conditions.every(({ fillIsExact }) => fillIsExact),
    fill: conditions.every(({ fill }) => fill !== null)
      ? (found) => {
          for (const { fill } of conditions) fill?.(found);
        }
      : null,
  };
}

function reaches(
  conditions: readonly CompiledFilter[],
  minCount: number,
  slot: number,
  payload: PayloadView,
): boolean {
  let fitting = 0;
  for (const each of conditions) {
    if (fitting >= minCount) return true;
    if (each.test(slot, payload)) fitting += 1;
  }
  return fitting >= minCount;
}

function compileCondition(condition: Condition, context: FilterContext): CompiledFilter {
  switch (condition.kind) {
    case "filter":
      return compileFilter(condition.filter, context);
    case "has-id": {
      const slots = context.slotsOf(condition.ids);
      return fromTest({
        estimate: slots.count,
        test: (slot) => slots.has(slot),
        fill: (found) => found.addAll(slots),
      });
    }
    case "has-vector":
      return fromTest({
        estimate: context.points,
        test: (slot) => context.hasVector(condition.name, slot),
        fill: null,
      });
  }
  const known = indexedTest(condition, context);
  if (known !== null) return fromTest(known);
  const test = payloadTest(condition, context.textsAt);
  return {
    estimate: context.points,
    readsPayload: true,
    test: (_slot, payload) => test(payload),
    fill: null,
    fillIsExact: false,
  };
}

/** What the indexes know of a condition. Where it has several tests, the first that one answers decides, as in Qdrant. */
function indexedTest(condition: Condition, context: FilterContext): SlotTest | null {
  switch (condition.kind) {
    case "is-empty":
    case "is-null":
      return context.indexed(condition.path, { kind: condition.kind, wanted: true });
    case "field":
      for (const test of condition.tests) {
        const known = context.indexed(condition.path, test);
        if (known !== null) return known;
      }
      return null;
    default:
      return null;
  }
}

function fromTest({ estimate, test, fill }: SlotTest): CompiledFilter {
  return { estimate, fill, fillIsExact: fill !== null, readsPayload: false, test };
}
