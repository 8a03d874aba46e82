/** How often each endpoint was answered, with what status, and how long it took: what telemetry and metrics tell. */

/** Upper bounds of the histogram's classes, in seconds: those of a Qdrant server. */
export const classBoundsSeconds = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 10, 50] as const;

/** The answers of one status at one endpoint. Durations in microseconds. */
export interface Tally {
  count: number;
  totalMicros: number;
  minMicros: number;
  maxMicros: number;
  lastMs: number;
  /** How many took no longer than each bound, and longer than the bound before it; the last: longer than all. */
  readonly classes: number[];
}

export type Protocol = "rest" | "grpc";

export interface Answered {
  readonly protocol: Protocol;
  /** `PUT /collections/{collection_name}/points`, or a gRPC path. */
  readonly endpoint: string;
  /** An HTTP status, or gRPC's code. */
  readonly status: number;
  readonly seconds: number;
  /** The collection that was asked; null = none. */
  readonly collection: string | null;
}

/** One line of the statistics. */
export interface Line extends Pick<Answered, "protocol" | "endpoint" | "status" | "collection"> {
  readonly tally: Tally;
}

/** Names come from callers: what would be kept of more collections than this is counted without its name. */
const linesMax = 20_000;
/** No collection's name is longer. */
const nameMax = 255;

/** Counts answers, by endpoint and status, and again by collection. */
export class Statistics {
  readonly startedMs = Date.now();
  readonly #lines = new Map<string, Line>();
  readonly #collectionLines = new Map<string, Line>();

  add(answered: Answered): void {
    const { protocol, endpoint, status, collection } = answered;
    const key = `${protocol} ${endpoint} ${status}`;
    count(this.#lines, key, { ...answered, collection: null });
    if (collection === null || collection.length > nameMax) return;
    const ofCollection = `${key} ${collection}`;
    if (this.#collectionLines.has(ofCollection) || this.#collectionLines.size < linesMax)
      count(this.#collectionLines, ofCollection, answered);
  }

  /** All lines; `perCollection`: a line for each collection's, and only those. */
  lines(perCollection: boolean): Iterable<Line> {
    return (perCollection ? this.#collectionLines : this.#lines).values();
  }

  /** A collection that is gone is no longer told of. */
  forget(collection: string): void {
    for (const [key, line] of this.#collectionLines)
      if (line.collection === collection) this.#collectionLines.delete(key);
  }
}

function count(lines: Map<string, Line>, key: string, answered: Answered): void {
  let line = lines.get(key);
  if (line === undefined) {
    const { protocol, endpoint, status, collection } = answered;
    const classes = new Array<number>(classBoundsSeconds.length + 1).fill(0);
    const tally = {
      count: 0,
      totalMicros: 0,
      minMicros: Infinity,
      maxMicros: 0,
      lastMs: 0,
      classes,
    };
    line = { protocol, endpoint, status, collection, tally };
    lines.set(key, line);
  }
  const { tally } = line;
  const micros = Math.round(answered.seconds * 1e6);
  tally.count += 1;
  tally.totalMicros += micros;
  tally.minMicros = Math.min(tally.minMicros, micros);
  tally.maxMicros = Math.max(tally.maxMicros, micros);
  tally.lastMs = Date.now();
  const found = classBoundsSeconds.findIndex((bound) => answered.seconds <= bound);
  const at = found === -1 ? classBoundsSeconds.length : found;
  tally.classes[at] = (tally.classes[at] ?? 0) + 1;
}
