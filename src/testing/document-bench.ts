/** A collection of documents of tenants to test on, made for one test and removed after it. */
import { randomBytes } from "node:crypto";
import { type CollectionInfo, type CollectionSpec, defaultSettings } from "../model/collection.ts";
import type { Distance } from "../model/distance.ts";
import { tenantPointId } from "../model/point-id.ts";
import { defaultVector, type PointBatch } from "../model/record.ts";
import { denseVector } from "../model/vector-column.ts";
import type { DocumentFilter, DocumentStore, WriteMode } from "../store/documents.ts";
import { canonicalJson } from "../util/canonical.ts";

export interface DocumentSuiteOptions {
  /** How the store is called in the names of tests. */
  readonly name: string;
  /** Opens the store. A store that keeps its data is the same one every time. */
  readonly open: () => Promise<DocumentStore>;
  /** Whether what was written is there when it is opened again. */
  readonly keeps: boolean;
  /** The tests that this store cannot pass, by their names, each with its reason. */
  readonly skip?: Readonly<Record<string, string>>;
}

export interface TestDocument {
  readonly id: string;
  readonly tenant: string;
  readonly vector?: readonly number[];
  readonly document?: string | null;
  /** JSON text of an object. */
  readonly metadata?: string | null;
  readonly createdAt?: string | null;
}

export interface DocumentBench {
  readonly store: DocumentStore;
  readonly spec: CollectionSpec;
  /** The collection as it stands now. */
  info(): Promise<CollectionInfo>;
  write(documents: readonly TestDocument[], mode?: WriteMode): Promise<void>;
  /** `tenant/id` of all that a scan, a search and a count find, which must agree; in order. */
  found(filter: DocumentFilter): Promise<string[]>;
}

/** The documents as a batch with places in a tenanted collection. */
export function documentsOf(documents: readonly TestDocument[]): PointBatch {
  const vectors = documents.map(({ vector }, row) => vector ?? [1, row, 0]);
  const dimension = vectors[0]?.length ?? 0;
  const data = Float32Array.from(vectors.flat());
  const none = (): null[] => documents.map(() => null);
  return {
    ids: documents.map(({ id }) => id),
    vectors: new Map([[defaultVector, { kind: "dense", dimension, data, present: null }]]),
    payload: {
      documents: documents.map(({ document = "text" }) => document),
      uris: none(),
      metadata: documents.map(({ metadata = null }) => metadata),
    },
    placement: {
      points: documents.map(({ tenant, id }) => tenantPointId(tenant, id)),
      tenants: documents.map(({ tenant }) => tenant),
      norms: new Float64Array(documents.length).fill(Number.NaN),
      runs: none(),
      collections: none(),
      rest: none(),
      createdAt: documents.map(({ createdAt = null }) => createdAt),
    },
  };
}

/** What a batch says of its documents, by point: vectors as plain numbers, metadata in its canonical text. */
export function readDocuments(
  batch: PointBatch,
): { readonly point: string; readonly metadata: string | null }[] {
  const { ids, payload, placement, vectors } = batch;
  const column = denseVector({ vectors });
  const rows = ids.map((id, row) => ({
    point: placement.points[row] ?? "",
    id,
    tenant: placement.tenants[row],
    document: payload.documents[row],
    metadata: canonical(payload.metadata[row] ?? null),
    createdAt: placement.createdAt?.[row] ?? null,
    vector:
      column === undefined
        ? null
        : Array.from(column.data.slice(row * column.dimension, (row + 1) * column.dimension)),
  }));
  return rows.sort((one, other) => (one.point < other.point ? -1 : 1));
}

export function canonical(metadata: string | null): string | null {
  return metadata === null || metadata === "{}" ? null : canonicalJson(metadata);
}

/** A tenanted collection of a name that nobody has. */
export function documentSpec(
  changes: Partial<CollectionSpec> & { distance?: Distance } = {},
): CollectionSpec {
  return {
    name: `suite-${randomBytes(6).toString("hex")}`,
    dimension: 3,
    distance: "l2",
    layout: "vecferry",
    tenanted: true,
    ...defaultSettings,
    sources: [],
    ...changes,
  };
}

export async function withDocuments(
  { open }: DocumentSuiteOptions,
  spec: CollectionSpec,
  use: (bench: DocumentBench) => Promise<void>,
): Promise<void> {
  await using store = await open();
  await store.ensure(spec);
  const info = () => findNamed(store, spec.name);
  try {
    await use({
      store,
      spec,
      info,
      write: (documents, mode = "upsert") => store.write(spec, documentsOf(documents), { mode }),
      found: async (filter) => foundBy(store, await info(), filter),
    });
  } finally {
    await store.remove(await info(), { everything: true });
  }
}

export async function findNamed(store: DocumentStore, name: string): Promise<CollectionInfo> {
  const [found] = await store.collections({ names: [name] });
  if (found === undefined) throw new Error(`no collection ${name}`);
  return found;
}

async function foundBy(
  store: DocumentStore,
  info: CollectionInfo,
  filter: DocumentFilter,
): Promise<string[]> {
  const scanned: string[] = [];
  for await (const { ids, placement } of store.scan(info, { ...filter, vectors: false }))
    scanned.push(...ids.map((id, row) => `${placement.tenants[row]}/${id}`));
  const vector = new Float32Array(info.dimension ?? 0).fill(1);
  const hits = await store.search(info, vector, { ...filter, limit: 100, metadata: true });
  const searched = hits.map(({ tenant, id }) => `${tenant}/${id}`);
  const counted = await store.count(info, filter);
  if (counted !== scanned.length || searched.sort().join() !== scanned.sort().join()) {
    throw new Error(
      `a count finds ${counted}, a scan ${scanned.join() || "nothing"}, a search ${searched.join() || "nothing"}`,
    );
  }
  return scanned;
}
