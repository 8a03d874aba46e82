/** A source and a target in memory that answer searches, exactly and otherwise as a test wants. */
import { VectorError } from "../../src/errors.ts";
import { trueDistance } from "../../src/migrate/compare/distances.ts";
import { fitOf } from "../../src/migrate/compare/filters.ts";
import type { CollectionInfo } from "../../src/model/collection.ts";
import { denseVector } from "../../src/model/vector-column.ts";
import type { Hit, SearchOptions } from "../../src/store/port.ts";
import { FakeSource, FakeTarget } from "./fake-store.ts";

interface Candidate {
  readonly id: string;
  readonly vector: Float32Array;
  readonly metadata: string | null;
}

interface Point extends Candidate {
  readonly tenant: string | null;
  readonly collection: string | null;
}

function nearest(
  { distance }: CollectionInfo,
  query: Float32Array,
  candidates: readonly Candidate[],
  { limit, filter = [] }: SearchOptions,
): Hit[] {
  return candidates
    .filter(({ metadata }) => filter.every((one) => fitOf(one, metadata) === "fits"))
    .map(({ id, vector }) => ({
      id,
      distance: trueDistance(distance ?? "cosine", query, vector, 0),
      document: null,
    }))
    .sort((one, other) => one.distance - other.distance)
    .slice(0, limit);
}

export class SearchingSource extends FakeSource {
  searched = 0;

  override async search(
    info: CollectionInfo,
    query: Float32Array,
    options: SearchOptions,
  ): Promise<Hit[]> {
    this.searched += 1;
    const candidates = this.collection(info.name).records.map(({ id, vector, metadata }) => ({
      id,
      vector: Float32Array.from(vector),
      metadata: metadata ?? null,
    }));
    return nearest(info, query, candidates, options);
  }
}

export class SearchingTarget extends FakeTarget {
  /** Records that an index does not find; an exact search does. */
  unseen: (id: string) => boolean = () => false;
  /** Whether exact searches, or filters by this key, are refused. */
  refuses: (options: SearchOptions) => boolean = () => false;
  status = "green";
  index: CollectionInfo["index"];
  /** Whether a copy that broke off holds the index back. */
  held = false;
  readonly #decoded = new Map<string, readonly Point[]>();

  override async collections(): Promise<CollectionInfo[]> {
    return (await super.collections()).map(({ note, ...info }) => ({
      ...info,
      status: this.status,
      note: this.held ? JSON.stringify({ ...JSON.parse(note ?? "{}"), heldThreshold: 10 }) : note,
      ...(this.index === undefined ? {} : { index: this.index }),
    }));
  }

  override async search(
    info: CollectionInfo,
    query: Float32Array,
    options: SearchOptions,
  ): Promise<Hit[]> {
    if (this.refuses(options)) throw new VectorError("E_REJECTED", "Strict mode forbids it.");
    const { tenant, collection, exact = false } = options;
    const candidates = (await this.#candidates(info)).filter(
      (one) =>
        (tenant === undefined || one.tenant === tenant) &&
        (collection === undefined || one.collection === collection) &&
        (exact || !this.unseen(one.id)),
    );
    return nearest(info, query, candidates, options);
  }

  /** What stands in a collection, decoded when it is first searched: a test alters points before that. */
  async #candidates(info: CollectionInfo): Promise<readonly Point[]> {
    const known = this.#decoded.get(info.name);
    if (known !== undefined) return known;
    const found: Point[] = [];
    for await (const { ids, vectors, payload, placement } of this.scan(info)) {
      const { data = new Float32Array(0), dimension = 0 } = denseVector({ vectors }) ?? {};
      for (const [row, id] of ids.entries())
        found.push({
          id,
          vector: data.slice(row * dimension, (row + 1) * dimension),
          metadata: payload.metadata[row] ?? null,
          tenant: placement.tenants[row] ?? null,
          collection: placement.collections[row] ?? null,
        });
    }
    this.#decoded.set(info.name, found);
    return found;
  }
}
