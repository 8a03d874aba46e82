/** What a comparison must find, and whether it did. */
import { errorCodes } from "../../errors.ts";
import type { CompareReport, GateResult, GroupFigures } from "./figures.ts";

/** null = is not asked for. */
export interface Gates {
  /** Mean recall@k of the target as it is configured: of all queries, and of each collection's. */
  readonly minRecall: number | null;
  /** Mean overlap@k, likewise. */
  readonly minOverlap: number | null;
  /** p95 of the target's answers with one query in flight. */
  readonly maxP95Ms: number | null;
  /** Qdrant's published figures for a migration (qdrant.tech, migration guidance, "pre-migration baseline"), with k = 10. */
  readonly qdrant: boolean;
}

export const noGates: Gates = { minRecall: null, minOverlap: null, maxP95Ms: null, qdrant: false };

/** What is measured of a group, at least how much is wanted of it, and whether it must be more. */
interface Bound {
  readonly gate: string;
  readonly of: (group: GroupFigures) => number | null;
  readonly wanted: number;
  readonly above?: true;
}

const latencyGate = "max p95 ms";
const indexGate = "index";

const qdrantBounds: readonly Bound[] = [
  { gate: "qdrant: top-1", of: ({ top1 }) => top1, wanted: 0.8 },
  { gate: "qdrant: overlap@10", of: ({ overlap }) => overlap, wanted: 0.7 },
  { gate: "qdrant: mean recall@10", of: ({ recall }) => recall.target.mean, wanted: 0.85 },
  { gate: "qdrant: median recall@10", of: ({ recall }) => recall.target.median, wanted: 0.9 },
  { gate: "qdrant: least recall@10", of: ({ recall }) => recall.target.min, wanted: 0.5 },
  { gate: "qdrant: p5 of recall@10", of: ({ recall }) => recall.target.p5, wanted: 0.6 },
  { gate: "qdrant: Spearman", of: ({ spearman }) => spearman, wanted: 0.8, above: true },
];

/**
 * Every gate with what was found. Where nothing could be measured, none is met; where any is asked for, a collection whose
 * indexing is switched off or held back misses one of its own.
 */
export function judgeGates(
  gates: Gates,
  { all, collections, latency }: Pick<CompareReport, "all" | "collections" | "latency">,
): GateResult[] {
  const groups = [
    { of: "all", figures: all },
    ...(collections.length < 2 ? [] : collections.map((one) => ({ of: one.name, figures: one }))),
  ];
  const results = boundsOf(gates).flatMap((bound) =>
    groups.map(({ of, figures }) => resultOf(bound, of, figures)),
  );
  if (gates.maxP95Ms !== null) {
    const found = latency.target.find(({ inFlight }) => inFlight === 1)?.p95Ms ?? null;
    const met = found !== null && found <= gates.maxP95Ms;
    results.push({ gate: latencyGate, of: "all", wanted: gates.maxP95Ms, found, met });
  }
  if (results.length === 0) return [];
  // What brute force finds is no measure of an index that is to come.
  const unindexed = collections.filter(({ index }) => index === "off" || index === "held");
  return [
    ...results,
    ...unindexed.map(({ name }) => ({
      gate: indexGate,
      of: name,
      wanted: 1,
      found: 0,
      met: false,
    })),
  ];
}

function boundsOf({ minRecall, minOverlap, qdrant }: Gates): Bound[] {
  const bounds: Bound[] = [];
  if (minRecall !== null)
    bounds.push({ gate: "min recall", of: (one) => one.recall.target.mean, wanted: minRecall });
  if (minOverlap !== null)
    bounds.push({ gate: "min overlap", of: ({ overlap }) => overlap, wanted: minOverlap });
  return qdrant ? [...bounds, ...qdrantBounds] : bounds;
}

function resultOf(
  { gate, of: measure, wanted, above }: Bound,
  of: string,
  figures: GroupFigures | null,
): GateResult {
  if (figures === null) return { gate, of, wanted, found: null, met: false };
  const found = measure(figures);
  // Answers in which nothing has an order of its own have no wrong one.
  const met = found === null ? true : above ? found > wanted : found >= wanted;
  return { gate, of, wanted, found, met };
}

/** A gate that was missed, in words. */
export function missText({ gate, of, wanted, found }: GateResult): string {
  const where = of === "all" ? "" : ` in ${JSON.stringify(of)}`;
  if (gate === indexGate)
    return `${gate}${where}: its indexing is switched off or held back at the target, and what was measured is brute force`;
  const is = found === null ? "nothing could be measured" : `it is ${shown(found)}`;
  return `${gate}${where}: ${shown(wanted)} was asked for, and ${is}`;
}

/** What can be done, by the kind of what was missed. */
export function missNext(missed: readonly GateResult[]): string {
  const has = (wanted: (gate: string) => boolean): boolean =>
    missed.some(({ gate }) => wanted(gate));
  const steps: string[] = [];
  if (has((gate) => gate === indexGate))
    steps.push(
      "Let the target build its index, and compare again when it is green: `vecferry migrate` with the same ends lets go of one that is held back; what else is switched off the notes name.",
    );
  if (has((gate) => gate !== indexGate && gate !== latencyGate)) steps.push(errorCodes.E_GATE.next);
  if (has((gate) => gate === latencyGate))
    steps.push(
      "The target answers too late: the time is seen from here, so compare from where your application runs and when nobody else asks; then look at the server's memory and processors, and whether its vectors are read from disk.",
    );
  return steps.join(" ");
}

function shown(value: number): string {
  // 0.0003 × 10,000 is a little below 3.
  return String(Math.floor(value * 10_000 + 1e-9) / 10_000);
}
