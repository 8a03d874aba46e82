/** Compares one collection: draws queries, finds the truth, asks both ends, and judges what they answer. */
import { isVectorError } from "../../errors.ts";
import type { MetadataMatch } from "../../model/filter.ts";
import { denseVector } from "../../model/vector-column.ts";
import type { SearchOptions } from "../../store/port.ts";
import { runWorkers } from "../../util/workers.ts";
import { blocksOf, type Seen } from "./blocks.ts";
import { tieSlack, trueDistance } from "./distances.ts";
import { type Drawn, drawRecords, type Reading, rowsACall } from "./draw.ts";
import { chooseFilters, fitOf } from "./filters.ts";
import type { TimedSearch } from "./latency.ts";
import { type Answered, type Case, type Judged, judge } from "./metrics.ts";
import type { Ranking } from "./nearest.ts";
import type { QueryVectors } from "./query-file.ts";
import type { Subject } from "./subject.ts";
import { findTruth } from "./truth.ts";

export interface CollectionRequest {
  readonly k: number;
  /** Queries to be drawn, where they are not given. */
  readonly queries: number;
  readonly vectors: QueryVectors | null;
  /** Queries to be timed, at most. */
  readonly timed: number;
  readonly random: () => number;
  readonly onRows: (rows: number) => void;
}

export interface CollectionComparison {
  readonly subject: Subject;
  /** Records with a vector. */
  readonly records: number;
  /** Neighbours that a query has, at most. */
  readonly k: number;
  readonly truthMs: number;
  readonly plain: readonly Judged[];
  readonly filtered: readonly { readonly key: string; readonly judged: readonly Judged[] }[];
  /** Searches to be timed at each end. */
  readonly timed: {
    readonly source: readonly TimedSearch[];
    readonly target: readonly TimedSearch[];
  };
  readonly notes: readonly string[];
}

/** Records whose metadata filters are chosen from where queries come from a file. */
const drawnForFilters = 200;
/** Queries with one filter at most. */
const filteredMax = 200;
const askedAtOnce = 8;
/** Records that the answers may name that are in memory at a time: the vectors of those that the truth does not know are read. */
const answeredTogether = 2_560;

/** A search of the truth, and of both ends. */
interface Search {
  readonly query: number;
  readonly filter: MetadataMatch | null;
}

/** What is searched for: the vectors, and which record each is of, if any. */
interface Queries {
  readonly vectors: Float32Array;
  readonly selves: readonly (string | null)[];
}

export async function compareCollection(
  subject: Subject,
  request: CollectionRequest,
): Promise<CollectionComparison> {
  const { plan, reading } = subject;
  const { vectors, random } = request;
  const wanted = vectors === null ? request.queries : drawnForFilters;
  const drawn = await drawRecords(reading, wanted, random);
  const queries: Queries =
    vectors === null
      ? { vectors: drawn.vectors, selves: drawn.ids }
      : { vectors: vectors.data, selves: Array.from({ length: vectors.count }, () => null) };
  const filters = chooseFilters(drawn.metadata, plan.layout, random);
  const notes: string[] = [];
  const allowed = await allowedAtTarget(subject, queries, filters, notes);
  const searches = searchesOf(queries, allowed.filters, vectors === null ? drawn : null);
  const kept = request.k + (vectors === null ? 1 : 0);
  const seen: Seen = { records: 0, unsure: new Set() };
  const startedMs = performance.now();
  const truth = await findTruth(
    {
      distance: plan.distance,
      dimension: plan.dimension,
      queries: queries.vectors,
      searches: searches.map(({ query, filter }) => ({
        query,
        filter: filter === null ? 0 : 1 << allowed.filters.indexOf(filter),
      })),
      kept,
    },
    blocksOf(reading, allowed.filters, seen, request.onRows),
    subject.records,
    reading.signal,
  );
  const truthMs = performance.now() - startedMs;
  const asked = searches.flatMap((search, at) => {
    const found = truth[at] ?? { ids: [], distances: [] };
    const usable = search.filter === null || !seen.unsure.has(search.filter);
    return usable && found.ids.length > 0 ? [{ search, found }] : [];
  });
  const exact = allowed.exact;
  const judged = await askAll(subject, queries, asked, { k: request.k, exact });
  return {
    subject,
    records: seen.records,
    k: judged.reduce((most, { k }) => Math.max(most, k), 0),
    truthMs,
    plain: judged.filter(({ search }) => search.filter === null).map((one) => one.judged),
    filtered: allowed.filters.flatMap((filter) => {
      const of = judged.filter(({ search }) => search.filter === filter).map((one) => one.judged);
      return of.length === 0 ? [] : [{ key: filter.key, judged: of }];
    }),
    timed: timedOf(
      subject,
      shortened(queries, plan.dimension, request),
      Math.min(kept, seen.records),
    ),
    notes,
  };
}

/** What of exact search and of these filters the target takes: strict mode may forbid either. */
async function allowedAtTarget(
  subject: Subject,
  { vectors }: Queries,
  filters: readonly MetadataMatch[],
  notes: string[],
): Promise<{ readonly exact: boolean; readonly filters: readonly MetadataMatch[] }> {
  const query = vectors.subarray(0, subject.plan.dimension);
  if (query.length === 0) return { exact: false, filters: [] };
  const name = JSON.stringify(subject.plan.target);
  const exact = await isAllowed(subject, query, { exact: true });
  if (!exact) {
    notes.push(
      `Target collection ${name} refuses exact search: a fault of the data and a choice of the index cannot be told apart.`,
    );
  }
  const taken: MetadataMatch[] = [];
  for (const filter of filters) {
    if (await isAllowed(subject, query, { filter: [filter] })) taken.push(filter);
    else
      notes.push(
        `Target collection ${name} refuses to filter by ${JSON.stringify(filter.key)}: it was left out.`,
      );
  }
  return { exact, filters: taken };
}

async function isAllowed(
  { target, targetInfo, confines, reading }: Subject,
  query: Float32Array,
  options: Pick<SearchOptions, "exact" | "filter">,
): Promise<boolean> {
  const { signal } = reading;
  const plain = { ...confines, limit: 1, documents: false, signal };
  // What fails without it is another fault.
  await target.search(targetInfo, query, plain);
  try {
    await target.search(targetInfo, query, { ...plain, ...options });
    return true;
  } catch (error) {
    if (isVectorError(error, "E_REJECTED") || isVectorError(error, "E_AUTH")) return false;
    throw error;
  }
}

/** Every query alone, and some with each filter: those of records that fit it themselves, else the first ones. */
function searchesOf(
  { selves }: Queries,
  filters: readonly MetadataMatch[],
  drawn: Drawn | null,
): Search[] {
  const plain = selves.map((_, query) => ({ query, filter: null }));
  const share = Math.min(filteredMax, Math.ceil(selves.length / Math.max(1, filters.length)));
  const filtered = filters.flatMap((filter) =>
    plain
      .filter(
        ({ query }) => drawn === null || fitOf(filter, drawn.metadata[query] ?? null) === "fits",
      )
      .slice(0, share)
      .map(({ query }) => ({ query, filter })),
  );
  return [...plain, ...filtered];
}

interface Asked {
  readonly search: Search;
  /** The true nearest, the query's own record among them. */
  readonly found: Ranking;
}

interface JudgedSearch {
  readonly search: Search;
  readonly k: number;
  readonly judged: Judged;
}

/** Asks both ends, some queries at a time, and judges each. A query's own record counts in no answer: it would always be found. */
async function askAll(
  subject: Subject,
  queries: Queries,
  asked: readonly Asked[],
  { k, exact }: { readonly k: number; readonly exact: boolean },
): Promise<JudgedSearch[]> {
  const { signal } = subject.reading;
  const judged: JudgedSearch[] = [];
  const together = Math.max(1, Math.floor(answeredTogether / k));
  for (let start = 0; start < asked.length; start += together) {
    const some = asked.slice(start, start + together);
    const answers: (AnsweredSearch | undefined)[] = [];
    let next = 0;
    const places = Math.min(
      askedAtOnce,
      subject.reading.source.capabilities.searchesMax || askedAtOnce,
    );
    await runWorkers(places, signal, async (inner) => {
      for (let at = next++; at < some.length; at = next++) {
        const one = some[at];
        if (one !== undefined)
          answers[at] = await askOne(subject, queries, one, { k, exact }, inner);
      }
    });
    judged.push(
      ...(await judgeAll(
        subject,
        queries,
        answers.flatMap((one) => one ?? []),
      )),
    );
  }
  return judged;
}

interface AnsweredSearch {
  readonly search: Search;
  readonly truth: Ranking;
  readonly source: Answered[] | null;
  readonly exact: Answered[] | null;
  readonly target: Answered[];
}

async function askOne(
  { plan, reading, target, targetInfo, confines, asksSource }: Subject,
  { vectors, selves }: Queries,
  { search, found }: Asked,
  { k, exact }: { readonly k: number; readonly exact: boolean },
  signal: AbortSignal,
): Promise<AnsweredSearch> {
  const { query, filter } = search;
  const vector = vectorAt(vectors, query, plan.dimension);
  const self = selves[query] ?? null;
  const others = <One extends { readonly id: string }>(list: readonly One[]): One[] =>
    list.filter(({ id }) => id !== self).slice(0, k);
  const ranked = found.ids.map((id, at) => ({ id, distance: found.distances[at] ?? Number.NaN }));
  const truth = others(ranked);
  const options = {
    limit: found.ids.length,
    documents: false,
    ...(filter === null ? {} : { filter: [filter] }),
    signal,
  };
  const ask = async (how: Pick<SearchOptions, "exact">): Promise<Answered[]> =>
    others(await target.search(targetInfo, vector, { ...options, ...confines, ...how }));
  return {
    search,
    truth: { ids: truth.map(({ id }) => id), distances: truth.map(({ distance }) => distance) },
    source: asksSource ? others(await reading.source.search(reading.info, vector, options)) : null,
    exact: exact ? await ask({ exact: true }) : null,
    target: await ask({}),
  };
}

function vectorAt(vectors: Float32Array, query: number, dimension: number): Float32Array {
  return vectors.subarray(query * dimension, (query + 1) * dimension);
}

async function judgeAll(
  { plan, reading }: Subject,
  { vectors }: Queries,
  answers: readonly AnsweredSearch[],
): Promise<JudgedSearch[]> {
  const unknown = answers.flatMap(({ truth, source, exact, target }) => {
    const known = new Set(truth.ids);
    return [source, exact, target].flatMap((list) =>
      (list ?? []).map(({ id }) => id).filter((id) => !known.has(id)),
    );
  });
  const rows = await readVectors(reading, [...new Set(unknown)]);
  return answers.flatMap((answer) => {
    const { search, truth } = answer;
    const k = truth.ids.length;
    if (k === 0) return [];
    const query = vectorAt(vectors, search.query, plan.dimension);
    const known = new Map(truth.ids.map((id, at) => [id, truth.distances[at] ?? Number.NaN]));
    const one: Case = {
      truth,
      slack: tieSlack(plan.distance, truth.distances.at(-1) ?? 0),
      distanceOf: (id) => {
        const row = rows.get(id);
        return known.get(id) ?? (row && trueDistance(plan.distance, query, row, 0));
      },
    };
    return [{ search, k, judged: judge(one, answer) }];
  });
}

/** The source's vectors of these records, where it has them. */
async function readVectors(
  reading: Reading,
  ids: readonly string[],
): Promise<Map<string, Float32Array>> {
  const { source, info, signal } = reading;
  const dimension = info.dimension ?? 0;
  const size = rowsACall(reading);
  const rows = new Map<string, Float32Array>();
  for (let start = 0; start < ids.length; start += size) {
    const { batch } = await source.read(info, ids.slice(start, start + size), { signal });
    const column = denseVector(batch);
    if (column === undefined || column.dimension !== dimension) continue;
    for (const [row, id] of batch.ids.entries())
      if (column.present?.[row] !== 0)
        rows.set(id, column.data.slice(row * dimension, (row + 1) * dimension));
  }
  return rows;
}

/** The queries to be timed; of drawn ones a copy, that the others need not stay in memory with them. */
function shortened(
  { vectors, selves }: Queries,
  dimension: number,
  { vectors: given, timed }: CollectionRequest,
): Queries {
  const some = selves.slice(0, timed);
  const own = given === null ? vectors.slice(0, some.length * dimension) : vectors;
  return { vectors: own, selves: some };
}

/** Both ends are timed with the same vectors. */
function timedOf(
  { plan, reading, targetInfo, confines, asksSource }: Subject,
  { vectors, selves }: Queries,
  limit: number,
): CollectionComparison["timed"] {
  const some = limit === 0 ? [] : selves.map((_, at) => vectorAt(vectors, at, plan.dimension));
  const options = { limit, documents: false };
  const timed = (info: TimedSearch["info"], how: object): TimedSearch[] =>
    some.map((vector) => ({ info, vector, options: { ...options, ...how } }));
  return {
    source: asksSource ? timed(reading.info, {}) : [],
    target: timed(targetInfo, confines),
  };
}
