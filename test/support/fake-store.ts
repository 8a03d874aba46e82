/** A source and a target in memory, for tests of what stands between them. */

import type { CollectionInfo, CollectionSpec } from "../../src/model/collection.ts";
import type { Distance } from "../../src/model/distance.ts";
import { PayloadDecoder } from "../../src/model/layout.ts";
import {
  defaultVector,
  type PointBatch,
  type RecordBatch,
  type RecordFailure,
} from "../../src/model/record.ts";
import { denseVector } from "../../src/model/vector-column.ts";
import type {
  Capabilities,
  Hit,
  IdsOptions,
  ReadOptions,
  ReadResult,
  RemoveSelector,
  ScanOptions,
  SearchOptions,
  SourceStore,
  StoreIdentity,
  TargetStore,
} from "../../src/store/port.ts";
import { throwIfAborted } from "../../src/util/abort.ts";
import { encodePayload } from "./encode-payload.ts";

/** A record as a test writes it: metadata is JSON text. */
export interface FakeRecord {
  id: string;
  vector: number[];
  document?: string | null;
  uri?: string | null;
  metadata?: string | null;
  /** Number of the last write to it; a source tells numbers where each of its records has one. */
  version?: number;
}

export interface FakeCollection {
  name: string;
  distance: Distance;
  dimension: number;
  records: FakeRecord[];
}

const capabilities: Capabilities = {
  batchSizeMax: 50,
  bodyBytesMax: null,
  concurrency: 2,
  live: true,
  where: false,
  vectorUlps: 0,
  notes: true,
};

/** A source made of arrays, which a test may change while it is read. */
export class FakeSource implements SourceStore {
  readonly identity: StoreIdentity = {
    kind: "chroma",
    address: "http://fake:8000",
    tenant: null,
    database: null,
    version: null,
  };
  readonly capabilities: Capabilities;
  readonly contents: FakeCollection[];
  /** Records that cannot be read, by id. */
  readonly failing = new Map<string, RecordFailure["reason"]>();
  /** Called before each read of records: a test changes, delays or fails here. */
  beforeRead: (ids: readonly string[]) => void | Promise<void> = () => undefined;

  constructor(contents: FakeCollection[], changes: Partial<Capabilities> = {}) {
    this.contents = contents;
    this.capabilities = { ...capabilities, ...changes };
  }

  collection(name: string): FakeCollection {
    const found = this.contents.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no collection ${name}`);
    return found;
  }

  record(collection: string, id: string): FakeRecord {
    const found = this.collection(collection).records.find((one) => one.id === id);
    if (found === undefined) throw new Error(`no record ${id}`);
    return found;
  }

  async collections(): Promise<CollectionInfo[]> {
    return this.contents.map(({ name, distance, dimension, records }) => ({
      key: `uuid-of-${name}`,
      name,
      tenant: "default_tenant",
      database: "default_database",
      dimension,
      distance,
      distanceFrom: "configuration",
      count: records.length,
      metadata: null,
      configuration: null,
      schema: null,
      status: null,
      note: null,
    }));
  }

  async count({ name }: CollectionInfo): Promise<number> {
    return this.collection(name).records.length;
  }

  async *ids(
    { name }: CollectionInfo,
    { limit, chunk = 40, onVersions }: IdsOptions = {},
  ): AsyncGenerator<string[]> {
    const all = this.collection(name).records.slice(0, limit);
    for (let start = 0; start < all.length; start += chunk) {
      const page = all.slice(start, start + chunk);
      const versions = page.flatMap(({ version }) => version ?? []);
      if (versions.length === page.length) onVersions?.(versions);
      yield page.map(({ id }) => id);
    }
  }

  async read(
    { name, dimension }: CollectionInfo,
    keys: readonly string[],
    { signal }: ReadOptions = {},
  ): Promise<ReadResult> {
    throwIfAborted(signal);
    await this.beforeRead(keys);
    const wanted = new Set(keys);
    const found = this.collection(name).records.filter(({ id }) => wanted.has(id));
    const readable = found.filter(({ id }) => !this.failing.has(id));
    const there = new Set(found.map(({ id }) => id));
    return {
      batch: toBatch(readable, dimension ?? 0),
      absent: keys.filter((key) => !there.has(key)),
      failures: found.flatMap(({ id }) => {
        const reason = this.failing.get(id);
        return reason === undefined ? [] : [{ id, reason, detail: "The fake source refuses it." }];
      }),
    };
  }

  async search(_info: CollectionInfo, _query: Float32Array, _: SearchOptions): Promise<Hit[]> {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function toBatch(records: readonly FakeRecord[], dimension: number): RecordBatch {
  const data = new Float32Array(records.length * dimension);
  records.forEach(({ vector }, row) => {
    data.set(vector, row * dimension);
  });
  return {
    ids: records.map(({ id }) => id),
    vectors: new Map([[defaultVector, { kind: "dense", dimension, data, present: null }]]),
    payload: {
      documents: records.map(({ document }) => document ?? null),
      uris: records.map(({ uri }) => uri ?? null),
      metadata: records.map(({ metadata }) => metadata ?? null),
    },
  };
}

/** A point as a target holds it: float32 components and payload text. */
export interface FakePoint {
  vector: Float32Array;
  payload: string;
}

interface FakeTargetCollection {
  info: CollectionInfo;
  readonly points: Map<string, FakePoint>;
}

/** A target in memory. Its payloads are text, as a server's, and a test may change them. */
export class FakeTarget implements TargetStore {
  readonly identity: StoreIdentity = {
    kind: "qdrant",
    address: "http://fake:6333",
    tenant: null,
    database: null,
    version: null,
  };
  readonly capabilities: Capabilities = capabilities;
  readonly contents = new Map<string, FakeTargetCollection>();
  /** Called before each page of a scan. */
  beforePage: (points: readonly string[]) => void | Promise<void> = () => undefined;
  scanned = 0;
  pageRows = 64;

  points(name: string): Map<string, FakePoint> {
    const found = this.contents.get(name);
    if (found === undefined) throw new Error(`no target collection ${name}`);
    return found.points;
  }

  async collections(): Promise<CollectionInfo[]> {
    return [...this.contents.values()].map(({ info, points }) => ({ ...info, count: points.size }));
  }

  async count({ name }: CollectionInfo): Promise<number> {
    return this.points(name).size;
  }

  async *ids({ name }: CollectionInfo): AsyncGenerator<string[]> {
    yield [...this.points(name).keys()].sort();
  }

  async read(info: CollectionInfo, keys: readonly string[]): Promise<ReadResult<PointBatch>> {
    const points = this.points(info.name);
    const there = keys.filter((key) => points.has(key));
    return {
      batch: this.#batch(info, there),
      absent: keys.filter((key) => !points.has(key)),
      failures: [],
    };
  }

  async *scan(
    info: CollectionInfo,
    { from = "", to = "g", signal }: ScanOptions & { batchSize?: number } = {},
  ): AsyncGenerator<PointBatch> {
    const all = [...this.points(info.name).keys()]
      .sort()
      .filter((point) => point >= from && point <= to);
    for (let start = 0; start < all.length; start += this.pageRows) {
      throwIfAborted(signal);
      const page = all.slice(start, start + this.pageRows);
      await this.beforePage(page);
      throwIfAborted(signal);
      this.scanned += page.length;
      yield this.#batch(info, page);
    }
  }

  async search(_info: CollectionInfo, _query: Float32Array, _: SearchOptions): Promise<Hit[]> {
    return [];
  }

  async ensure(spec: CollectionSpec): Promise<{ created: boolean }> {
    if (this.contents.has(spec.name)) return { created: false };
    const { name, dimension, distance, layout, tenanted, sources } = spec;
    const info: CollectionInfo = {
      key: name,
      name,
      tenant: null,
      database: null,
      dimension,
      distance,
      distanceFrom: "configuration",
      count: 0,
      metadata: null,
      configuration: null,
      schema: null,
      status: "green",
      note: JSON.stringify({ format: 1, layout, tenanted, sources }),
    };
    this.contents.set(name, { info, points: new Map() });
    return { created: true };
  }

  async write({ name, layout }: CollectionSpec, batch: PointBatch): Promise<void> {
    const points = this.points(name);
    const column = denseVector(batch);
    batch.placement.points.forEach((point, row) => {
      const { data = new Float32Array(0), dimension = 0 } = column ?? {};
      points.set(point, {
        vector: data.slice(row * dimension, (row + 1) * dimension),
        payload: encodePayload(batch, row, layout),
      });
    });
  }

  async remove({ name }: CollectionInfo, selector: RemoveSelector): Promise<void> {
    const points = this.points(name);
    if ("everything" in selector) this.contents.delete(name);
    else if ("points" in selector) for (const point of selector.points) points.delete(point);
    else
      for (const [point, { payload }] of points)
        if (payload.includes(`"run":"${selector.run}"`)) points.delete(point);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #batch(info: CollectionInfo, points: readonly string[]): PointBatch {
    const stored = this.points(info.name);
    const dimension = info.dimension ?? 0;
    const layout = JSON.parse(info.note ?? "{}").layout ?? "vecferry";
    const data = new Float32Array(points.length * dimension);
    const records = points.map((point, row) => {
      const { vector, payload } = stored.get(point) ?? { vector: [], payload: "{}" };
      data.set(vector.slice(0, dimension), row * dimension);
      return new PayloadDecoder(layout).decode(payload, point);
    });
    return {
      ids: records.map(({ id }, row) => id ?? points[row] ?? ""),
      vectors: new Map([[defaultVector, { kind: "dense", dimension, data, present: null }]]),
      payload: {
        documents: records.map(({ document }) => document),
        uris: records.map(({ uri }) => uri),
        metadata: records.map(({ metadata }) => metadata),
      },
      placement: {
        points: [...points],
        tenants: records.map(({ tenant }) => tenant),
        norms: Float64Array.from(records, ({ norm }) => norm),
        runs: records.map(({ run }) => run),
        collections: records.map(({ collection }) => collection),
        rest: records.map(({ rest }) => rest),
      },
    };
  }
}
