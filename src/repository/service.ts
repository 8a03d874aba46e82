/** One tenant's documents in one collection: what an application holds in its hands. */
import { VectorError } from "../errors.ts";
import { type Embed, embedBatchSizeDefault } from "./embed.ts";
import { Embedder } from "./embedder.ts";
import { openLangChainStore } from "./langchain.ts";
import type { LangChainEmbeddings, LangChainVectorStore } from "./langchain-types.ts";
import type { DocumentMetadata, MetadataFilter } from "./metadata.ts";
import { type ObservedCall, observed, observedScan, type ServiceObserver } from "./observer.ts";
import type {
  AddOptions,
  ScanServiceOptions,
  ServiceDocument,
  ServiceSearchRequest,
  ServiceSelector,
  TenantDocuments,
} from "./service-types.ts";
import { assertTenant } from "./tenant.ts";
import type {
  BulkResult,
  NewDocument,
  RepositoryCallOptions,
  SearchResult,
  VectorDocument,
  VectorRepository,
} from "./types.ts";

export interface VectorServiceOptions {
  readonly tenantId: string;
  readonly collection: string;
  /** Makes texts into embeddings, so that documents and queries need none. */
  readonly embed?: Embed;
  /**
   * The name of the model that `embed` asks, or whose embeddings are given. It is kept with the collection by the first
   * `addDocuments`; from then on another model is refused (E_MODEL), and so is a text where no model is named.
   */
  readonly model?: string;
  /** Texts that `embed` is given at once at most. Default 96. */
  readonly embedBatchSize?: number;
  /** Told of each call: metrics are made of it. */
  readonly observer?: ServiceObserver;
}

/**
 * The documents of one tenant in one collection. Every call is about this tenant alone, whatever is given to it; what is
 * beneath (the repository, the client) cannot be reached from here. Closing it does not close its connection, which serves
 * other tenants too; a closed one refuses every call (E_CLOSED).
 *
 * @example
 * await using connection = await connect({ url: "http://localhost:6333" });
 * await using notes = connection.tenant("acme", { collection: "notes" });
 * await notes.addDocuments([{ id: "1", content: "on looms", embedding: [1, 0, 0] }]);
 * const results = await notes.semanticSearch({ queryEmbedding: [1, 0, 0], nResults: 5 });
 *
 * Errors: VectorError by code. E_TENANT, E_INPUT, E_DIMENSION, E_MODEL, E_EMBED, E_NOT_TENANTED (a collection whose points
 * are not named by tenant), E_COLLECTION_NOT_FOUND, E_CLOSED, E_ABORTED, and the store's own (E_UNREACHABLE, E_TIMEOUT …).
 */
export class VectorService<M extends object = DocumentMetadata> implements TenantDocuments<M> {
  readonly #repository: VectorRepository;
  readonly #tenantId: string;
  readonly #collection: string;
  readonly #embedder: Embedder;
  readonly #observer: ServiceObserver | null;
  #closed = false;

  /** @throws {VectorError} E_TENANT without a tenant; E_INPUT without a collection, or with a model or a batch size that is none */
  constructor(repository: VectorRepository, options: VectorServiceOptions) {
    this.#tenantId = assertTenant(options.tenantId);
    this.#collection = assertName(options.collection, "collection");
    this.#embedder = new Embedder(repository, this.#collection, {
      embed: options.embed ?? null,
      model: options.model === undefined ? null : assertName(options.model, "model"),
      batchSize: assertBatchSize(options.embedBatchSize ?? embedBatchSizeDefault),
    });
    this.#observer = options.observer ?? null;
    this.#repository = repository;
  }

  get tenantId(): string {
    return this.#tenantId;
  }

  get collection(): string {
    return this.#collection;
  }

  /** The model whose embeddings this service adds and asks with; null = none was named. */
  get model(): string | null {
    return this.#embedder.model;
  }

  /**
   * Writes documents of the tenant, in batches beneath. All embeddings are made before the first document is written: where
   * `embed` fails, nothing was.
   * @returns what was written, and each document that was not, with its code and reason
   */
  addDocuments(
    documents: readonly ServiceDocument<M>[],
    options: AddOptions = {},
  ): Promise<BulkResult> {
    return this.#observed(
      { operation: "add", count: (result) => result.totalProcessed },
      async () => {
        assertDocuments(documents);
        const operationType = assertMode(options.mode ?? "upsert");
        const call = pickSignal(options);
        // The repository takes them as they are when it is called: at once, where nothing has to be waited for.
        const written =
          this.model === null && documents.every(hasEmbedding)
            ? documents
            : await this.#embedded(documents, call);
        return await this.#repository.bulkUpsertDocuments<M>(
          this.#collection,
          { operationType, documents: written, tenantId: this.#tenantId },
          call,
        );
      },
    );
  }

  /** The tenant's documents that are nearest to the query, the most similar first. */
  semanticSearch(
    request: ServiceSearchRequest<M>,
    options: RepositoryCallOptions = {},
  ): Promise<SearchResult<M>[]> {
    return this.#observed({ operation: "search", count: (results) => results.length }, async () => {
      assertObject(request, "request");
      const { query, queryEmbedding: given, ...rest } = request;
      if ((query === undefined) === (given === undefined))
        throw new VectorError("E_INPUT", "A search takes either queryEmbedding or query.");
      if (query !== undefined && typeof query !== "string")
        throw new VectorError("E_INPUT", "The query is no text.");
      const call = pickSignal(options);
      await this.#embedder.assertModel(query !== undefined, call);
      const queryEmbedding = given ?? (await this.#embedOne(query, call));
      return await this.#repository.semanticSearchAdvanced<M>(
        { ...rest, queryEmbedding, collectionName: this.#collection, tenantId: this.#tenantId },
        call,
      );
    });
  }

  /** The tenant's documents with these ids, in their order; an id that the tenant does not have is left out. */
  get(
    ids: readonly string[],
    options: RepositoryCallOptions & { readonly includeEmbeddings?: boolean } = {},
  ): Promise<VectorDocument<M>[]> {
    const { includeEmbeddings = false } = options;
    return this.#observed({ operation: "get", count: (documents) => documents.length }, () =>
      this.#repository.getDocuments<M>(
        this.#collection,
        { tenantId: this.#tenantId, ids, includeEmbeddings },
        pickSignal(options),
      ),
    );
  }

  /** Takes documents of the tenant away; an id that it does not have is no error. */
  delete(which: ServiceSelector<M>, options: RepositoryCallOptions = {}): Promise<void> {
    const count = (): number => which.ids?.length ?? 0;
    return this.#observed({ operation: "delete", count }, async () => {
      assertObject(which, "selector");
      const { ids, metadataFilter } = which;
      await this.#repository.deleteDocuments<M>(
        this.#collection,
        {
          tenantId: this.#tenantId,
          ...(ids === undefined ? {} : { ids }),
          ...(metadataFilter === undefined ? {} : { metadataFilter }),
        },
        pickSignal(options),
      );
    });
  }

  /** How many documents the tenant has, or how many of them meet the filter. Exact. */
  count(
    options: RepositoryCallOptions & { readonly metadataFilter?: MetadataFilter<M> } = {},
  ): Promise<number> {
    const { metadataFilter } = options;
    return this.#observed({ operation: "count", count: (documents) => documents }, () =>
      this.#repository.countDocuments<M>(
        this.#collection,
        { tenantId: this.#tenantId, ...(metadataFilter === undefined ? {} : { metadataFilter }) },
        pickSignal(options),
      ),
    );
  }

  /** Every document of the tenant once, in batches beneath; the next batch is asked for when this one was taken. */
  scan(options: ScanServiceOptions<M> = {}): AsyncIterable<VectorDocument<M>> {
    const { metadataFilter, includeEmbeddings = false } = options;
    const documents = (): AsyncIterable<VectorDocument<M>> =>
      this.#repository.scanDocuments<M>(
        this.#collection,
        {
          tenantId: this.#tenantId,
          includeEmbeddings,
          ...(metadataFilter === undefined ? {} : { metadataFilter }),
        },
        pickSignal(options),
      );
    return observedScan(this.#observer, this.#call("scan"), () => {
      this.#assertOpen();
      return documents();
    });
  }

  /**
   * This tenant's documents as a vector store of LangChain.js, which needs the package @langchain/core. Texts are embedded by
   * `embeddings`, else by this service's own `embed`.
   * @throws {VectorError} E_INPUT where there is neither; E_CONFIG where @langchain/core is not installed
   */
  async asLangChainVectorStore(
    options: { readonly embeddings?: LangChainEmbeddings } = {},
  ): Promise<LangChainVectorStore> {
    this.#assertOpen();
    if (options.embeddings === undefined && !this.#embedder.canEmbed)
      throw new VectorError(
        "E_INPUT",
        "A vector store needs embeddings, and none are configured.",
        {
          next: "Give asLangChainVectorStore({ embeddings }), or connect({ embed, model }).",
        },
      );
    const embedAll = async (texts: string[]) => {
      await this.#embedder.assertModel(true, {});
      return (await this.#embedder.embed(texts, {})).map((one) => Array.from(one));
    };
    const embeddings = options.embeddings ?? {
      embedDocuments: embedAll,
      embedQuery: async (text: string) => (await embedAll([text]))[0] ?? [],
    };
    return await openLangChainStore(this, embeddings);
  }

  /** Refuses every further call. Nothing of the store is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  #assertOpen(): void {
    if (this.#closed) throw new VectorError("E_CLOSED", "This tenant's service is closed.");
  }

  #call(operation: ObservedCall["operation"]) {
    return { operation, tenantId: this.#tenantId, collection: this.#collection };
  }

  #observed<Answer>(
    what: {
      readonly operation: ObservedCall["operation"];
      readonly count: (answer: Answer) => number;
    },
    work: () => Promise<Answer>,
  ): Promise<Answer> {
    return observed(this.#observer, this.#call(what.operation), what.count, () => {
      this.#assertOpen();
      return work();
    });
  }

  /** The documents with an embedding each: their own, or the one of their content. */
  async #embedded(
    documents: readonly ServiceDocument<M>[],
    options: RepositoryCallOptions,
  ): Promise<NewDocument<M>[]> {
    // As they are when the call is made, whatever becomes of them while embeddings are.
    const given = documents.map((document) => ({ ...document }));
    const texts = given
      .filter((document) => !hasEmbedding(document))
      .map(({ id, content }) => {
        if (typeof content === "string" && this.#embedder.canEmbed) return content;
        const lacks = this.#embedder.canEmbed
          ? "neither an embedding nor a content to embed"
          : "no embedding, and no embed function is configured";
        throw new VectorError("E_INPUT", `Document ${JSON.stringify(id)} has ${lacks}.`);
      });
    await this.#embedder.claimModel(texts.length > 0, options);
    const made = texts.length === 0 ? [] : await this.#embedder.embed(texts, options);
    const next = made.values();
    return given.map((document) =>
      hasEmbedding(document) ? document : { ...document, embedding: next.next().value ?? [] },
    );
  }

  async #embedOne(text: string, options: RepositoryCallOptions): Promise<Float32Array> {
    const [embedding] = await this.#embedder.embed([text], options);
    return embedding ?? new Float32Array();
  }
}

/** A service of one tenant over `repository`. @throws {VectorError} as the constructor of `VectorService` */
export function createVectorService<M extends object = DocumentMetadata>(
  repository: VectorRepository,
  options: VectorServiceOptions,
): VectorService<M> {
  return new VectorService<M>(repository, options);
}

function assertName(value: unknown, what: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new VectorError("E_INPUT", `The ${what} has no name.`, { details: { field: what } });
}

function assertBatchSize(value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new VectorError(
    "E_INPUT",
    `embedBatchSize is ${value}; it must be a whole number from 1 on.`,
    {
      details: { field: "embedBatchSize" },
    },
  );
}

/** A document that was read has null where its embedding was not asked for. */
function hasEmbedding<M extends object>(
  document: ServiceDocument<M>,
): document is ServiceDocument<M> & Pick<NewDocument<M>, "embedding"> {
  return (document.embedding ?? null) !== null;
}

/** Adding never deletes, whatever a caller without types says. */
function assertMode(mode: NonNullable<AddOptions["mode"]>): typeof mode {
  if (["upsert", "insert", "update"].includes(mode)) return mode;
  throw new VectorError("E_INPUT", `${JSON.stringify(mode)} is no way to add documents.`, {
    details: { field: "mode" },
  });
}

/** The signal alone, for the calls beneath. */
function pickSignal({ signal }: RepositoryCallOptions): RepositoryCallOptions {
  return signal === undefined ? {} : { signal };
}

function assertObject(value: unknown, what: string): void {
  if (value !== null && typeof value === "object") return;
  throw new VectorError("E_INPUT", `The ${what} is no object.`, { details: { field: what } });
}

function assertDocuments(documents: unknown): void {
  if (
    Array.isArray(documents) &&
    documents.every((one: unknown) => one !== null && typeof one === "object")
  )
    return;
  throw new VectorError("E_INPUT", "The documents are no list of objects.", {
    details: { field: "documents" },
  });
}
