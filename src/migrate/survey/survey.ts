/** What a collection holds, in one bounded pass over its records. Reads only; what it keeps in memory does not grow with the collection. */
import { z } from "zod";
import { type CollectionInfo, layouts } from "../../model/collection.ts";
import type { RecordBatch } from "../../model/record.ts";
import type { SourceStore } from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { runWorkers } from "../../util/workers.ts";
import { Faults, faultSchema } from "./faults.ts";
import { MetadataKeys, metadataKeySchema } from "./metadata-keys.ts";
import { SizeHistogram, sizesSchema } from "./sizes.ts";
import { VectorStats } from "./vector-stats.ts";

const count = z.int().nonnegative();

export const collectionSurveySchema = z
  .object({
    records: count.describe(
      "Records in scope: counted; as the source counts them where not all were looked at.",
    ),
    surveyed: count.describe("Records that were looked at."),
    complete: z
      .boolean()
      .describe("Whether that is all of them; false = the first ones, a sample."),
    withVector: count.describe("Records whose vectors could be read."),
    dimensions: z
      .array(z.object({ dimension: count, records: count }))
      .describe("Dimensions of the vectors, the most frequent first."),
    normMin: z.number().nullable().describe("Smallest finite norm; null where there is no vector."),
    normMax: z.number().nullable(),
    faults: z
      .array(faultSchema)
      .describe("Records that cannot be carried as they are, or doubtful."),
    keys: z.array(metadataKeySchema),
    keysMore: count.describe("Metadata keys beyond those, estimated to within about 3 %."),
    reserved: z
      .array(z.object({ layout: z.enum(layouts), records: count, keys: z.array(z.string()) }))
      .describe("Layouts that keep a key of the metadata for themselves."),
    documents: sizesSchema.describe("Bytes of the documents; records without one are not in it."),
    uris: count.describe("Records with a uri."),
    payload: sizesSchema.describe("Bytes of id, document, uri and metadata of each record."),
    readMs: z.number().nonnegative().describe("How long the pass took."),
    requests: count.describe("Calls for records that it took."),
  })
  .describe("What a collection holds.");

export type CollectionSurvey = Readonly<z.infer<typeof collectionSurveySchema>>;

export interface SurveyOptions {
  readonly signal: AbortSignal;
  /** Look at no more than the first so many records. Default: all. */
  readonly sampleMax?: number | null;
  /** Chroma's where, checked; null = every record. */
  readonly where?: unknown;
  /** The scope's own bound on records; null = none. */
  readonly limit?: number | null;
  readonly onProgress?: (done: number, total: number, bytes: number) => void;
  /** Shown each batch of readable records, for what else a pass shall find out. */
  readonly onBatch?: (batch: RecordBatch) => void;
}

/** Records that are looked at where a full pass would cost as much as a copy. */
const sampleDefault = 3000;

/** How many records a survey looks at unless all are asked for: null = all, where nobody else is served meanwhile. */
export function defaultSample(source: SourceStore): number | null {
  return source.capabilities.live ? sampleDefault : null;
}

/** Ids a chunk and records a call at most. */
const rowsMax = 1000;
/** Bytes of vectors and payload that one call aims at. */
const callBytes = 4 * 1024 * 1024;

/** Surveys the records of one collection. @throws what the source throws, E_ABORTED */
export async function surveyCollection(
  source: SourceStore,
  info: CollectionInfo,
  options: SurveyOptions,
): Promise<CollectionSurvey> {
  const { signal, sampleMax = null, where = null, limit = null } = options;
  const startedMs = performance.now();
  const all = info.count ?? (await source.count(info, { signal }));
  const scope = Math.min(all, limit ?? all);
  const wanted = Math.min(limit ?? Number.POSITIVE_INFINITY, sampleMax ?? Number.POSITIVE_INFINITY);
  const survey = new Survey();
  const calls = callsOf(source, info, {
    ...(where === null ? {} : { where }),
    ...(Number.isFinite(wanted) ? { limit: wanted } : {}),
    signal,
  });
  const total = Math.min(scope, wanted);
  let bytesPerRecord = 4 * (info.dimension ?? 0);
  const look = async (inner: AbortSignal) => {
    for (;;) {
      const next = await calls.next(Math.floor(callBytes / Math.max(1, bytesPerRecord)));
      if (next === null) return;
      throwIfAborted(inner);
      const { batch, failures } = await source.read(info, next, { signal: inner });
      survey.add(batch);
      options.onBatch?.(batch);
      for (const { id, reason } of failures) survey.fail(reason, id);
      bytesPerRecord = 4 * (info.dimension ?? 0) + survey.payloadMean;
      options.onProgress?.(survey.surveyed, total, Math.round(survey.surveyed * bytesPerRecord));
    }
  };
  try {
    await runWorkers(Math.max(1, source.capabilities.concurrency), signal, look);
  } finally {
    await calls.close();
  }
  // A chunk that is cut short by the sample's bound says nothing of how many there are.
  const complete = sampleMax === null || survey.surveyed < sampleMax || survey.surveyed >= scope;
  const records = complete ? survey.surveyed : scope;
  return survey.describe(records, complete, performance.now() - startedMs, calls.asked);
}

/** Hands out the collection's ids in parts for a call each, to several workers in turn. */
function callsOf(
  source: SourceStore,
  info: CollectionInfo,
  options: Parameters<SourceStore["ids"]>[1],
) {
  const chunks = source.ids(info, { ...options, chunk: rowsMax })[Symbol.asyncIterator]();
  let held: string[] = [];
  let turn: Promise<unknown> = Promise.resolve();
  const bound = Math.min(rowsMax, source.capabilities.batchSizeMax ?? rowsMax);
  let asked = 0;
  const take = async (rows: number): Promise<string[] | null> => {
    if (held.length === 0) {
      const { done, value } = await chunks.next();
      if (done === true) return null;
      held = value;
    }
    const part = held.slice(0, Math.max(1, Math.min(rows, bound)));
    held = held.slice(part.length);
    asked += 1;
    return part;
  };
  return {
    /** Parts handed out so far. */
    get asked(): number {
      return asked;
    },
    next(rows: number): Promise<string[] | null> {
      const mine = turn.then(() => take(rows));
      turn = mine.catch(() => undefined);
      return mine;
    },
    async close(): Promise<void> {
      await chunks.return?.();
    },
  };
}

class Survey {
  readonly #faults = new Faults();
  readonly #keys = new MetadataKeys();
  readonly #vectors = new VectorStats(this.#faults);
  readonly #documents = new SizeHistogram();
  readonly #payload = new SizeHistogram();
  #uris = 0;
  #surveyed = 0;

  get surveyed(): number {
    return this.#surveyed;
  }

  get payloadMean(): number {
    return this.#payload.mean;
  }

  add(batch: RecordBatch): void {
    this.#surveyed += batch.ids.length;
    this.#vectors.add(batch);
    const { documents, uris, metadata } = batch.payload;
    batch.ids.forEach((id, row) => {
      const document = documents[row] ?? null;
      const uri = uris[row] ?? null;
      const text = metadata[row] ?? null;
      let bytes = Buffer.byteLength(id);
      if (document !== null) {
        const size = Buffer.byteLength(document);
        this.#documents.add(size);
        bytes += size;
      }
      if (uri !== null) {
        this.#uris += 1;
        bytes += Buffer.byteLength(uri);
      }
      if (text !== null) {
        bytes += Buffer.byteLength(text);
        this.#addMetadata(id, text);
      }
      this.#payload.add(bytes);
    });
  }

  /** A record that cannot be read. */
  fail(reason: string, id: string): void {
    this.#surveyed += 1;
    this.#faults.add(reason, id);
  }

  describe(records: number, complete: boolean, readMs: number, requests: number): CollectionSurvey {
    return {
      records,
      surveyed: this.#surveyed,
      complete,
      ...this.#vectors.describe(),
      faults: this.#faults.list(),
      keys: this.#keys.keys(),
      keysMore: this.#keys.more,
      reserved: this.#keys.reserved(),
      documents: this.#documents.sizes(),
      uris: this.#uris,
      payload: this.#payload.sizes(),
      readMs: Math.round(readMs),
      requests,
    };
  }

  #addMetadata(id: string, text: string): void {
    try {
      this.#keys.add(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#faults.add("metadata-not-json", id);
    }
  }
}
