/** Searches a Qdrant server for what its description does not tell: how near its searches come to exact ones, and what compression costs. */
import { z } from "zod";
import { isVectorError, VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import { tenantKey } from "../../model/layout.ts";
import type { EncodingMeasure, RecallMeasure, SearchMeter } from "../../store/look.ts";
import { HttpClient } from "../../util/http.ts";
import { parseJson } from "../../util/json.ts";
import type { QdrantOptions } from "./rest-client.ts";

/** Searches for as many stored vectors, and the neighbours that each is asked for. */
const samples = 20;
const nearest = 10;
/** A step of a measurement is given up after so long, and a server gives a search up after so many seconds. */
const stepMs = 5_000;
const searchSeconds = 5;
/** Rounds of both ways; the first two open the way. */
const rounds = 9;
/** From here on a collection's searches are taken for near enough. */
const wellFrom = 0.95;
const widerEf = 512;
/** What clients in JavaScript and Python accept. */
const compressed = "gzip, deflate, br";

const vectorText = z.array(z.number()).min(1);
const scrolled = z.looseObject({
  result: z.looseObject({
    points: z.array(
      z.looseObject({
        vector: z.union([vectorText, z.record(z.string(), z.unknown())]).nullish(),
        payload: z.record(z.string(), z.unknown()).nullish(),
      }),
    ),
  }),
});
const answered = z.looseObject({
  result: z.looseObject({
    points: z.array(z.looseObject({ id: z.union([z.string(), z.number()]), score: z.number() })),
  }),
});
const configured = z.looseObject({
  hnsw_config: z.looseObject({ ef_construct: z.number().nullish() }).nullish(),
  quantization_config: z.record(z.string(), z.unknown()).nullish(),
});

type Hit = z.infer<typeof answered>["result"]["points"][number];

/** A stored vector, with what makes a search for it one that an application would make. */
interface Query {
  readonly query: readonly number[];
  readonly using?: string;
  readonly filter?: object;
}

/** A stored vector's search, and the points that it is to find. */
interface Truth {
  readonly query: Query;
  readonly exact: readonly Hit[];
}

/** A part of a measurement: `ends` when its time is over, or when the whole is interrupted by `signal`. */
interface Step {
  readonly signal: AbortSignal;
  readonly ends: AbortSignal;
}

export class ServerMeter implements SearchMeter {
  readonly #url: string;
  readonly #http: HttpClient;
  readonly #late: () => AbortSignal;

  /** `late` is asked as a step begins for what ends it. */
  constructor(
    url: string,
    { apiKey, caFile, timeoutMs }: QdrantOptions,
    late: () => AbortSignal = () => AbortSignal.timeout(stepMs),
  ) {
    this.#url = url;
    this.#late = late;
    const headers = apiKey === undefined ? {} : { "api-key": apiKey };
    // One connection: an open one is what an application has, too.
    this.#http = new HttpClient({ headers, caFile, timeoutMs, connectionsMax: 1 });
  }

  async recall(
    collection: CollectionInfo,
    { tenanted, signal }: { readonly tenanted: boolean; readonly signal: AbortSignal },
  ): Promise<RecallMeasure | null> {
    return await orNull(signal, async () => {
      const step = this.#step(signal);
      const found = async ({ query, exact }: Truth, params: object, { ends }: Step) =>
        foundOf(exact, await this.#search(collection, query, params, ends));
      const queries = await this.#queries(collection, tenanted, step.ends);
      const truths = await inTime(queries, step, async (query) => {
        const exact = await this.#search(collection, query, { exact: true }, step.ends);
        return { query, exact, plain: await found({ query, exact }, {}, step) };
      });
      const plain = shareOf(truths, "plain");
      if (plain === null) return null;
      const measure = { searches: truths.length, plain, rescored: null, wider: null };
      if (plain >= wellFrom) return measure;
      const { ef, isQuantized } = settingsOf(collection);
      const rescore = isQuantized && { quantization: { rescore: true, oversampling: 2 } };
      const wide = Math.max(widerEf, 4 * ef);
      const again = this.#step(signal);
      const mended = await inTime(truths, again, async (truth) => ({
        exact: truth.exact,
        rescored: rescore ? await found(truth, rescore, again) : 0,
        wider: await found(truth, { ...rescore, hnsw_ef: wide }, again),
      }));
      const recall = shareOf(mended, "wider");
      if (recall === null) return null;
      const rescored = isQuantized ? shareOf(mended, "rescored") : null;
      return { ...measure, rescored, wider: { ef: wide, recall } };
    });
  }

  async encoding(collection: CollectionInfo, signal: AbortSignal): Promise<EncodingMeasure | null> {
    return await orNull(signal, async () => {
      const { ends } = this.#step(signal);
      const [query] = await this.#queries(collection, false, ends);
      if (query === undefined) return null;
      const body = JSON.stringify({ ...query, limit: nearest, with_payload: true });
      const times = { compressed: [] as number[], plain: [] as number[] };
      for (let round = 0; round < rounds; round += 1) {
        for (const way of ["compressed", "plain"] as const) {
          const startedMs = performance.now();
          await this.#timed(collection, body, way === "plain" ? "identity" : compressed, ends);
          if (round > 1) times[way].push(performance.now() - startedMs);
        }
      }
      const compressedMs = median(times.compressed);
      return { searches: times.plain.length, compressedMs, plainMs: median(times.plain) };
    });
  }

  close(): void {
    this.#http.close();
  }

  #step(signal: AbortSignal): Step {
    return { signal, ends: AbortSignal.any([signal, this.#late()]) };
  }

  /** Searches for stored vectors, of the first dense name. */
  async #queries(
    collection: CollectionInfo,
    tenanted: boolean,
    signal: AbortSignal,
  ): Promise<Query[]> {
    const named = collection.vectors?.find(({ kind, name }) => kind === "dense" && name !== "");
    const using = collection.dimension === null ? named?.name : "";
    if (using === undefined) return [];
    const body = {
      limit: samples,
      with_payload: tenanted ? [tenantKey] : false,
      with_vector: using === "" ? true : [using],
    };
    const { result } = scrolled.parse(await this.#post(collection, "scroll", body, signal));
    return result.points.flatMap(({ vector, payload }) => {
      const found = Array.isArray(vector) ? vector : Object(vector)[using];
      const query = vectorText.safeParse(found).data;
      const tenant = payload?.[tenantKey];
      if (query === undefined || (tenanted && typeof tenant !== "string")) return [];
      return [
        {
          query,
          ...(using === "" ? {} : { using }),
          ...(tenanted && { filter: { must: [{ key: tenantKey, match: { value: tenant } }] } }),
        },
      ];
    });
  }

  async #search(
    collection: CollectionInfo,
    query: Query,
    params: object,
    signal: AbortSignal,
  ): Promise<Hit[]> {
    const body = { ...query, params, limit: nearest };
    const answer = await this.#post(collection, `query?timeout=${searchSeconds}`, body, signal);
    return answered.parse(answer).result.points;
  }

  async #post(
    collection: CollectionInfo,
    path: string,
    body: object,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { text } = await this.#http.request({
      method: "POST",
      url: this.#at(collection, path),
      body: JSON.stringify(body),
      signal,
    });
    return parseJson(text);
  }

  /** One search whose answer is taken as it comes, to its last byte. */
  async #timed(
    collection: CollectionInfo,
    body: string,
    encoding: string,
    signal: AbortSignal,
  ): Promise<void> {
    const headers = { "accept-encoding": encoding };
    const url = this.#at(collection, "query");
    const where = `POST ${url}`;
    await this.#http.stream(
      { method: "POST", url, headers, body, signal },
      async ({ status, pieces }) => {
        if (status !== 200) throw new VectorError("E_BAD_RESPONSE", `${where}: HTTP ${status}.`);
        for await (const _ of pieces);
      },
    );
  }

  #at({ name }: CollectionInfo, path: string): string {
    return `${this.#url}/collections/${encodeURIComponent(name)}/points/${path}`;
  }
}

/** What a server refuses, or answers in another form, is not measured. */
async function orNull<Result>(
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result | null> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted || !(isVectorError(error) || error instanceof z.ZodError)) throw error;
    return null;
  }
}

/** What `work` gives for each until the step's time is over; what is asked for then counts for nothing. */
async function inTime<Item, Result>(
  items: readonly Item[],
  { signal, ends }: Step,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  try {
    for (const item of items) results.push(await work(item));
  } catch (error) {
    if (signal.aborted || !ends.aborted) throw error;
  }
  return results;
}

/** Of all that is to be found, what `way` finds; null = too few searches tell. */
function shareOf<Way extends string>(
  truths: readonly ({ readonly exact: readonly Hit[] } & Readonly<Record<Way, number>>)[],
  way: Way,
): number | null {
  const wanted = truths.reduce((sum, { exact }) => sum + exact.length, 0);
  if (truths.length < samples / 2 || wanted === 0) return null;
  return truths.reduce((sum, truth) => sum + truth[way], 0) / wanted;
}

/** How many of the nearest are found; one that is as near as the last of them is as good. */
function foundOf(exact: readonly Hit[], found: readonly Hit[]): number {
  const ids = new Set(exact.map(({ id }) => id));
  const last = exact.at(-1)?.score ?? Number.NaN;
  const isAsNear = ({ score }: Hit): boolean =>
    Math.abs(score - last) <= 1e-6 * Math.max(1, Math.abs(last));
  return found.filter((hit) => ids.has(hit.id) || isAsNear(hit)).length;
}

function settingsOf({ configuration }: CollectionInfo): { ef: number; isQuantized: boolean } {
  const { data } = configured.safeParse(parseJson(configuration ?? "null"));
  const ef = data?.hnsw_config?.ef_construct ?? 0;
  return { ef, isQuantized: Object.keys(data?.quantization_config ?? {}).length > 0 };
}

function median(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[times.length >> 1] ?? Number.NaN;
}
