/**
 * `compare`: is search at the target as good as it was at the source? Queries are drawn from the source's records, or given;
 * the truth is found by brute force over the source's vectors in float64; source and target are asked the same, the target
 * exactly as well, so that a fault of the data and a choice of the index are told apart. Nothing is written at either end.
 */
import { VectorError } from "../errors.ts";
import type { SourceStore, TargetStore } from "../store/port.ts";
import { seededRandom } from "../util/seeded-random.ts";
import type { CollectionPlan } from "./collection-plan.ts";
import { type CollectionComparison, compareCollection } from "./compare/collection.ts";
import type { CompareReport } from "./compare/figures.ts";
import { judgeGates } from "./compare/gates.ts";
import { type IndexUse, indexNotes, indexUseOf } from "./compare/index-use.ts";
import { measureLatency, timedQueries } from "./compare/latency.ts";
import { figuresOf } from "./compare/metrics.ts";
import { type CompareRequest, kDefault } from "./compare/request.ts";
import { type Subject, subjectsOf } from "./compare/subject.ts";
import { type Ends, withEnds } from "./ends.ts";
import type { Outcome } from "./report.ts";
import type { RunContext, Scope } from "./request.ts";
import { phase, progress } from "./telling.ts";
import type { VerifyLane } from "./verify/lane.ts";
import { waitUntilGreen } from "./wait-green.ts";

/** Each collection is asked so many queries, where it has the records. */
const queriesMin = 10;
/** Bytes of one collection's queries as float64, of which each thread of the truth has a copy. */
const queryBytesMax = 64 * 1024 * 1024;
/** Queries times neighbours. */
const answersMax = 1_000_000;

/**
 * Compares between two ends: the collections of their migration where the journal has one, else as the target's notes tell.
 * The report is written whatever happens. A gate that is missed makes the outcome's exit 6.
 * @throws E_NOT_GREEN, E_INPUT (queries that do not fit), E_CONFIG (k), E_LOCKED, E_COLLECTION_NOT_FOUND, and what the stores throw
 */
export function runCompare(
  source: SourceStore,
  target: TargetStore,
  scope: Scope | null,
  request: CompareRequest,
  context: RunContext,
): Promise<Outcome> {
  return withEnds("compare", { source, target, scope, context }, async (ends) => {
    await compareEnds({ ...ends, source, target }, request);
    return ends.report.finish();
  });
}

export interface CompareInput extends Pick<Ends, "lanes" | "report" | "context"> {
  readonly lanes: readonly VerifyLane[];
  readonly source: SourceStore;
  readonly target: TargetStore;
}

/** Compares what `lanes` hold, and enters the figures in the report. @throws as `runCompare` */
export async function compareEnds(
  { lanes, source, target, report, context }: CompareInput,
  request: CompareRequest,
): Promise<CompareReport> {
  const { signal } = context;
  const subjects = await subjectsOf(lanes, source, target, signal);
  assertComparable(subjects, request);
  const green = report.phase("wait-green");
  phase(context, "wait-green");
  const names = new Set(subjects.map(({ plan }) => plan.target));
  const standing = await waitUntilGreen(target, names, request.waitGreenMs, signal);
  green();
  const stop = report.phase("compare");
  const compared = await compareAll(subjects, request, context);
  const timed = (end: "source" | "target") => compared.flatMap((one) => one.timed[end]);
  const latency = {
    source: await measureLatency(source, timed("source"), signal),
    target: await measureLatency(target, timed("target"), signal),
  };
  const residentBytes = {
    source: await request.residentBytes.source(),
    target: await request.residentBytes.target(),
  };
  const { kind } = target.identity;
  const uses = new Map(standing.map((info) => [info.name, indexUseOf(info, kind)]));
  const found = summed(compared, subjects, request, uses);
  const notes = [
    ...indexNotes(standing, kind),
    ...notesOf(source, compared, request),
    ...compared.flatMap((one) => one.notes),
  ];
  const gates = judgeGates(request.gates, { ...found, latency });
  const result = { ...found, latency, residentBytes, gates, notes };
  stop();
  report.compared(result);
  return result;
}

/**
 * Holds what is asked against the collections that are to be compared; `records` null = not known yet.
 * @throws E_CONFIG for more neighbours than any has, or too much in all; E_INPUT for queries of another dimension than one has
 */
export function assertComparable(
  subjects: readonly { readonly plan: CollectionPlan; readonly records: number | null }[],
  { k, vectors, queries }: CompareRequest,
): void {
  const largest = subjects.reduce((most, { records }) => Math.max(most, records ?? Infinity), 0);
  if (k !== null && subjects.length > 0 && k > largest) {
    throw new VectorError(
      "E_CONFIG",
      `--k ${k} is more than any of the collections has: the largest holds ${largest} records.`,
      { next: `Give --k ${Math.max(1, Math.min(kDefault, largest - 1))}, or none.` },
    );
  }
  if ((k ?? kDefault) * (vectors?.count ?? queries) > answersMax) {
    throw new VectorError(
      "E_CONFIG",
      `${k ?? kDefault} neighbours of ${vectors?.count ?? queries} queries are more than ${answersMax} in all.`,
      { next: "Ask for fewer neighbours (--k), or fewer queries." },
    );
  }
  if (vectors === null) return;
  for (const { plan } of subjects) {
    if (plan.dimension === vectors.dimension) continue;
    throw new VectorError(
      "E_INPUT",
      `--queries: its vectors have ${vectors.dimension} components, and collection ${JSON.stringify(plan.source.name)} has ${plan.dimension}.`,
      {
        next: "Choose the collections that the queries are for with --chromadb-collections.",
        details: { field: "--queries" },
      },
    );
  }
}

async function compareAll(
  subjects: readonly Subject[],
  request: CompareRequest,
  context: RunContext,
): Promise<CollectionComparison[]> {
  const random = seededRandom(request.seed);
  const total = subjects.reduce((sum, { records }) => sum + records, 0);
  const compared: CollectionComparison[] = [];
  for (const subject of subjects) {
    const { plan, records } = subject;
    phase(context, "compare", plan.source.name);
    const share = Math.max(queriesMin, Math.round((request.queries * records) / total));
    const affordable = Math.floor(queryBytesMax / (8 * plan.dimension));
    const onRows = progress(context, "compare", plan.source.name, records);
    // Those that are timed are in memory until all is compared: of each collection as many as it has a share of the queries.
    const part = request.vectors === null ? records / total : 1 / subjects.length;
    const asked = {
      k: request.k ?? kDefault,
      timed: Math.ceil(timedQueries * part),
      queries: Math.max(1, Math.min(share, records, affordable)),
      vectors: request.vectors,
      random,
      onRows,
    };
    compared.push(await compareCollection(subject, asked));
  }
  return compared;
}

function summed(
  compared: readonly CollectionComparison[],
  subjects: readonly Subject[],
  request: CompareRequest,
  uses: ReadonlyMap<string, IndexUse>,
): Omit<CompareReport, "latency" | "residentBytes" | "gates" | "notes"> {
  const tenants = Map.groupBy(compared, ({ subject }) => subject.plan.tenant);
  const filters = compared.flatMap(({ subject, filtered }) =>
    filtered.map((one) => ({ ...one, collection: subject.plan.source.name })),
  );
  return {
    k: request.k ?? kDefault,
    queriesFrom: request.vectors === null ? "records" : "file",
    seed: String(request.seed),
    reference: subjects.some(({ asksSource }) => asksSource) ? "source" : "truth",
    all: figuresOf(compared.flatMap(({ plain }) => plain)),
    collections: compared.flatMap(({ subject, plain, records, k }) => {
      const figures = figuresOf(plain);
      const { source, target, tenant } = subject.plan;
      const index = uses.get(target) ?? "used";
      return figures === null
        ? []
        : [{ name: source.name, target, tenant, records, k, index, ...figures }];
    }),
    tenants: [...tenants].flatMap(([tenant, group]) => {
      const figures = figuresOf(group.flatMap(({ plain }) => plain));
      return tenant === null || figures === null ? [] : [{ tenant, ...figures }];
    }),
    filtered: figuresOf(filters.flatMap(({ judged }) => judged)),
    filters: filters.flatMap(({ collection, key, judged }) => {
      const figures = figuresOf(judged);
      return figures === null ? [] : [{ collection, key, ...figures }];
    }),
    truthMs: Math.round(compared.reduce((sum, { truthMs }) => sum + truthMs, 0)),
  };
}

function notesOf(
  source: SourceStore,
  compared: readonly CollectionComparison[],
  request: CompareRequest,
): string[] {
  const notes: string[] = [];
  if (source.capabilities.searchesMax === 0) {
    notes.push(
      "The source is files without a server that could be asked: its side is the truth alone, and the target is held against it.",
    );
  } else if (compared.some(({ subject }) => !subject.asksSource)) {
    notes.push(
      "Of collections of which only a part was carried (--where, --limit), the source was not asked: it would answer with the other records too.",
    );
  }
  const wanted = request.k ?? kDefault;
  for (const { subject, k, plain } of compared) {
    const name = JSON.stringify(subject.plan.source.name);
    if (plain.length === 0)
      notes.push(`Collection ${name} has no record with neighbours; nothing was asked.`);
    else if (k < wanted)
      notes.push(
        `Collection ${name} has ${k} neighbours for a query, not ${wanted}; it was asked for ${k}.`,
      );
  }
  return notes;
}
