/** Plays a world of tenants against a repository, and knows at each moment what each tenant has. */
import { isDeepStrictEqual } from "node:util";
import { isVectorError } from "../../../src/errors.ts";
import type { CollectionInfo } from "../../../src/model/collection.ts";
import type { MetadataFilter } from "../../../src/repository/metadata.ts";
import { createVectorService, type VectorService } from "../../../src/repository/service.ts";
import { TenantAnalytics } from "../../../src/repository/tenant-analytics.ts";
import { TenantGuard } from "../../../src/repository/tenant-guard.ts";
import type { VectorDocument, VectorRepository } from "../../../src/repository/types.ts";
import type { DocumentStore } from "../../../src/store/documents.ts";
import { parseLossless } from "../../../src/util/json.ts";
import type { Query, Step, World } from "./draw.ts";

/** What a tenant has under an id. The content names the tenant, the id and the write. */
interface Kept {
  readonly content: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** How a play went: a filter that is always refused, or never finds anything, would show nothing. */
export class Tally {
  queries = 0;
  refused = 0;
  filtered = 0;
  found = 0;

  toString(): string {
    return `${this.queries} queries, ${this.refused} refused, ${this.found} of ${this.filtered} filtered ones found something`;
  }
}

export interface Stage {
  readonly repository: VectorRepository;
  /** The store beneath, to see all that is there, whosever. */
  readonly store: DocumentStore;
  readonly collection: string;
  readonly tally: Tally;
}

/** Plays all steps. @throws Error that names the first leak */
export async function play({ tenants, steps }: World, stage: Stage): Promise<void> {
  const player = new Player(tenants, stage);
  await player.fill();
  for (const step of steps) await player.step(step);
  await player.audit();
}

class Player {
  readonly #stage: Stage;
  readonly #tenants: readonly string[];
  readonly #kept: Map<string, Map<string, Kept>>;
  #writes = 0;

  constructor(tenants: readonly string[], stage: Stage) {
    this.#stage = stage;
    this.#tenants = tenants;
    this.#kept = new Map(tenants.map((tenant) => [tenant, new Map()]));
  }

  /** The same ids for every tenant. */
  async fill(): Promise<void> {
    for (const tenant of this.#tenants) {
      const documents = ["x", "y", "1", "2", "3", "4"].map((id, place) => ({
        id,
        metadata: {
          k: place % 2 === 0 ? "a" : "b",
          n: place % 3,
          tags: ["a", tenant],
          tenant_id: tenant,
        },
        embedding: [1, place, 0],
      }));
      await this.#bulk(tenant, { ask: "bulk", mode: "insert", documents, said: null });
    }
    await this.audit();
  }

  async step({ as, query }: Step): Promise<void> {
    const tenant = this.#tenants[as] ?? "";
    this.#stage.tally.queries += 1;
    try {
      const changed = await this.#ask(tenant, query);
      if (changed) await this.audit();
    } catch (error) {
      if (!isVectorError(error)) throw error;
      if (error.code !== "E_INPUT" && error.code !== "E_NOT_SUPPORTED") throw error;
      this.#stage.tally.refused += 1;
      if (query.ask === "delete where" || query.ask === "delete") await this.audit();
    }
  }

  /** Whether anything may have been written. */
  async #ask(tenant: string, query: Query): Promise<boolean> {
    const { repository, collection } = this.#stage;
    const service = createVectorService(repository, { tenantId: tenant, collection });
    switch (query.ask) {
      case "search":
        await this.#search(tenant, service, query);
        return false;
      case "get":
        this.#assertGot(tenant, query.ids, await service.get(query.ids));
        return false;
      case "scan":
        await this.#found(tenant, service, query.filter);
        return false;
      case "count":
        await this.#count(tenant, service, query.filter);
        return false;
      case "delete where": {
        const gone = await this.#found(tenant, service, query.filter ?? { k: "b" });
        await service.delete({ metadataFilter: (query.filter ?? { k: "b" }) as MetadataFilter });
        for (const id of gone) this.#of(tenant).delete(id);
        return true;
      }
      case "delete":
        await service.delete({ ids: query.ids });
        for (const id of query.ids) this.#of(tenant).delete(id);
        return true;
      case "bulk":
        await this.#bulk(tenant, query);
        return true;
      case "secure":
        await this.#secure(tenant, query.may);
        return false;
      default:
        await this.#figures(tenant, query.ask);
        return false;
    }
  }

  async #search(
    tenant: string,
    service: VectorService,
    { filter, limit, rerank }: Extract<Query, { ask: "search" }>,
  ): Promise<void> {
    const results = await service.semanticSearch({
      queryEmbedding: [1, 1, -1],
      nResults: limit,
      ...(filter === undefined ? {} : { metadataFilter: filter as MetadataFilter }),
      rerank: rerank === "mmr" ? { mmr: { diversity: 0.5 } } : rerank === "full",
    });
    this.#tell(filter, results.length);
    const ids = this.#owned(
      tenant,
      results.map(({ document }) => document),
    );
    const all =
      filter === undefined
        ? this.#of(tenant).size
        : (await this.#found(tenant, service, filter)).length;
    assert(ids.length === Math.min(limit, all), tenant, `search found ${ids.length} of ${all}`);
  }

  async #count(tenant: string, service: VectorService, filter: unknown): Promise<void> {
    const options = filter === undefined ? {} : { metadataFilter: filter as MetadataFilter };
    const count = await service.count(options);
    const found = await this.#found(tenant, service, filter);
    assert(count === found.length, tenant, `count says ${count}, scan found ${found.length}`);
  }

  /** The ids that a scan finds, which are the tenant's own: all of them where there is no filter. */
  async #found(tenant: string, service: VectorService, filter: unknown): Promise<string[]> {
    const documents: VectorDocument[] = [];
    const options = filter === undefined ? {} : { metadataFilter: filter as MetadataFilter };
    for await (const document of service.scan(options)) documents.push(document);
    this.#tell(filter, documents.length);
    const ids = this.#owned(tenant, documents);
    if (filter === undefined)
      assert(ids.length === this.#of(tenant).size, tenant, `scan found ${ids.length} of all`);
    return ids;
  }

  async #bulk(tenant: string, query: Extract<Query, { ask: "bulk" }>): Promise<void> {
    const { repository, collection } = this.#stage;
    const said = query.said === null ? undefined : this.#tenants[query.said];
    const documents = query.documents.map((document) => {
      this.#writes += 1;
      return {
        ...document,
        content: JSON.stringify([tenant, document.id, this.#writes]),
        ...(said === undefined ? {} : { tenantId: said }),
      };
    });
    const { totalProcessed, failed } = await repository.bulkUpsertDocuments(collection, {
      operationType: query.mode,
      documents: documents as never,
      tenantId: tenant,
    });
    assert(
      totalProcessed + failed.length === documents.length,
      tenant,
      `${totalProcessed} and ${failed.length} of ${documents.length} documents`,
    );
    if (said !== undefined && said !== tenant)
      assert(totalProcessed === 0, tenant, `documents of ${JSON.stringify(said)} were taken`);
    // Where an id stands twice, the first counts.
    const refused = failed.map(({ id }) => id);
    const own = this.#of(tenant);
    for (const { id, content, metadata } of documents.toReversed()) {
      const place = refused.indexOf(id);
      if (place >= 0) refused.splice(place, 1);
      else if (query.mode === "delete") own.delete(id);
      else own.set(id, { content, metadata });
    }
  }

  async #secure(tenant: string, may: readonly number[]): Promise<void> {
    const { repository, collection } = this.#stage;
    const services = {
      tenant: <M extends object>(tenantId: string) =>
        createVectorService<M>(repository, { tenantId, collection }),
    };
    const mine = may.map((place) => this.#tenants[place] ?? "");
    const guard = new TenantGuard(services, { getUserTenants: () => mine });
    const asked = guard.secureSearch("ada", tenant, { queryEmbedding: [1, 0, 0], nResults: 50 });
    if (mine.includes(tenant)) {
      this.#owned(
        tenant,
        (await asked).map(({ document }) => document),
      );
      return;
    }
    const error = await asked.then(
      () => null,
      (refusal: unknown) => refusal,
    );
    assert(isVectorError(error, "E_PERMISSION"), tenant, "was let through by the guard");
  }

  async #figures(tenant: string, ask: "statistics" | "analytics" | "nobody"): Promise<void> {
    const { repository, collection } = this.#stage;
    if (ask === "statistics") {
      const { documentCount } = await repository.getCollectionStatistics(collection, tenant);
      assert(documentCount === this.#of(tenant).size, tenant, `statistics say ${documentCount}`);
    } else if (ask === "analytics") {
      const analytics = new TenantAnalytics(repository, { collection });
      const told = (await analytics.getTenantStatistics()).tenants;
      const counts = new Map(told.map((one) => [one.tenantId, one.documentCount]));
      for (const [one, { size }] of this.#kept)
        assert((counts.get(one) ?? 0) === size, one, `analytics say ${counts.get(one)} of ${size}`);
    } else {
      for (const nobody of ["", " \n", null, undefined, "\ud800", [tenant], { $ne: "" }])
        await this.#assertNobody(nobody as string);
    }
  }

  /** No call goes through without a tenant. */
  async #assertNobody(tenantId: string): Promise<void> {
    const { repository, collection } = this.#stage;
    const documents = [{ id: "x", embedding: [1, 0, 0] }];
    const calls = [
      async () => createVectorService(repository, { tenantId, collection }),
      () => repository.countDocuments(collection, { tenantId }),
      () => repository.getDocuments(collection, { tenantId, ids: ["x"] }),
      () => repository.deleteDocuments(collection, { tenantId, ids: ["x"] }),
      () =>
        repository.bulkUpsertDocuments(collection, {
          operationType: "upsert",
          documents,
          tenantId,
        }),
      () =>
        repository.semanticSearchAdvanced({
          collectionName: collection,
          queryEmbedding: [1, 0, 0],
          tenantId,
        }),
      async () => {
        for await (const { id } of repository.scanDocuments(collection, { tenantId })) return id;
        return null;
      },
    ];
    for (const call of calls) {
      const error = await call().then(
        () => null,
        (refusal: unknown) => refusal,
      );
      assert(isVectorError(error, "E_TENANT"), String(tenantId), "asked without a tenant");
    }
  }

  /** All that is in the collection, read beneath every tenant, is what each tenant wrote. */
  async audit(): Promise<void> {
    const { store, collection } = this.#stage;
    const info = await infoOf(store, collection);
    const seen = new Map(this.#tenants.map((tenant) => [tenant, new Set<string>()]));
    for await (const { ids, payload, placement } of store.scan(info, { vectors: false })) {
      for (const [row, id] of ids.entries()) {
        const tenant = placement.tenants[row] ?? "";
        const kept = this.#kept.get(tenant)?.get(id);
        assert(
          kept?.content === payload.documents[row],
          tenant,
          `${JSON.stringify(id)} was changed`,
        );
        const metadata: unknown = parseLossless(payload.metadata[row] ?? "{}");
        assert(
          isDeepStrictEqual(plain(metadata), plain(kept?.metadata)),
          tenant,
          `${JSON.stringify(id)} has other metadata: ${payload.metadata[row]}, not ${JSON.stringify(kept?.metadata)}`,
        );
        seen.get(tenant)?.add(id);
      }
    }
    for (const [tenant, kept] of this.#kept)
      assert(
        kept.size === seen.get(tenant)?.size,
        tenant,
        `has ${seen.get(tenant)?.size} of ${kept.size} documents`,
      );
  }

  #assertGot(tenant: string, ids: readonly string[], documents: readonly VectorDocument[]): void {
    const own = this.#of(tenant);
    const expected = ids.filter((id) => own.has(id));
    const got = this.#owned(tenant, documents, true);
    assert(isDeepStrictEqual(got, expected), tenant, `got ${got.join()} for ${ids.join()}`);
  }

  /** The ids of documents that are all the tenant's own, as it wrote them, each once. */
  #owned(tenant: string, documents: readonly VectorDocument[], repeated = false): string[] {
    const own = this.#of(tenant);
    const ids = documents.map(({ id, content, tenantId, metadata }) => {
      const kept = own.get(id);
      assert(tenantId === tenant, tenant, `was given a document of ${JSON.stringify(tenantId)}`);
      assert(kept?.content === content, tenant, `was given ${content} for ${JSON.stringify(id)}`);
      assert(isDeepStrictEqual(plain(metadata), plain(kept?.metadata)), tenant, "other metadata");
      return id;
    });
    assert(repeated || new Set(ids).size === ids.length, tenant, "a document came twice");
    return ids;
  }

  #of(tenant: string): Map<string, Kept> {
    const kept = this.#kept.get(tenant);
    if (kept === undefined) throw new Error(`${tenant} is nobody here.`);
    return kept;
  }

  #tell(filter: unknown, count: number): void {
    if (filter === undefined) return;
    this.#stage.tally.filtered += 1;
    if (count > 0) this.#stage.tally.found += 1;
  }
}

async function infoOf(store: DocumentStore, collection: string): Promise<CollectionInfo> {
  const [info] = await store.collections({ names: [collection] });
  if (info === undefined) throw new Error(`The collection ${collection} is gone.`);
  return info;
}

/** With numbers of one kind, and objects without prototypes. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return new Map(
    Object.entries(value)
      .map(([key, inner]): [string, unknown] => [key, plain(inner)])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function assert(holds: boolean, tenant: string, what: string): asserts holds {
  if (!holds) throw new Error(`Tenant ${JSON.stringify(tenant)}: ${what}.`);
}
