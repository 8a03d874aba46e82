/** One tenant's documents as a vector store of LangChain.js. Loaded only when one is asked for. */
import { randomUUID } from "node:crypto";
import { Document, type DocumentInterface } from "@langchain/core/documents";
import { type MaxMarginalRelevanceSearchOptions, VectorStore } from "@langchain/core/vectorstores";
import { type ErrorCode, errorCodes, VectorError } from "../errors.ts";
import type { LangChainEmbeddings, LangChainVectorStore } from "./langchain-types.ts";
import type { DocumentMetadata, MetadataFilter } from "./metadata.ts";
import type { ServiceSearchRequest, TenantDocuments } from "./service-types.ts";
import type { FailedDocument, SearchResult, VectorDocument } from "./types.ts";

/** The store over `service`; texts are embedded by `embeddings`. */
export function makeLangChainStore<M extends object>(
  service: TenantDocuments<M>,
  embeddings: LangChainEmbeddings,
): LangChainVectorStore {
  return new TenantVectorStore(service as unknown as TenantDocuments, embeddings);
}

class TenantVectorStore extends VectorStore {
  declare FilterType: MetadataFilter;
  readonly #service: TenantDocuments;

  constructor(service: TenantDocuments, embeddings: LangChainEmbeddings) {
    super(embeddings, {});
    this.#service = service;
  }

  _vectorstoreType(): string {
    return "vecferry";
  }

  /** Embeds and writes documents over those that have their ids. @returns their ids: the given ones, the documents' own, else new ones */
  async addDocuments(
    documents: DocumentInterface[],
    options: { ids?: string[] } = {},
  ): Promise<string[]> {
    const texts = documents.map(({ pageContent }) => pageContent);
    return await this.addVectors(await this.embeddings.embedDocuments(texts), documents, options);
  }

  async addVectors(
    vectors: number[][],
    documents: DocumentInterface[],
    { ids = [] }: { ids?: string[] } = {},
  ): Promise<string[]> {
    if (vectors.length !== documents.length || (ids.length > 0 && ids.length !== vectors.length))
      throw new VectorError(
        "E_INPUT",
        `There are ${documents.length} documents, ${vectors.length} vectors and ${ids.length} ids.`,
      );
    const added = documents.map(({ id, pageContent, metadata }, row) => ({
      id: ids[row] ?? id ?? randomUUID(),
      content: pageContent,
      metadata: metadata as DocumentMetadata,
      embedding: vectors[row] ?? [],
    }));
    const { failed } = await this.#service.addDocuments(added);
    const [first] = failed;
    if (first === undefined) return added.map(({ id }) => id);
    throw new VectorError(
      codeOf(first),
      `${failed.length} of ${added.length} documents were not added; the first is ${JSON.stringify(first.id)}: ${first.reason}`,
      { details: { failed } },
    );
  }

  override async delete(which: { ids?: string[]; filter?: MetadataFilter } = {}): Promise<void> {
    const { ids, filter } = which;
    if (ids !== undefined) return await this.#service.delete({ ids });
    if (filter !== undefined) return await this.#service.delete({ metadataFilter: filter });
    throw new VectorError("E_INPUT", "Either ids or filter must say which documents to delete.");
  }

  async similaritySearchVectorWithScore(
    query: number[],
    k: number,
    filter?: MetadataFilter,
  ): Promise<[Document, number][]> {
    const results = await this.#search(query, k, filter);
    return results.map(({ document, similarityScore }) => [toDocument(document), similarityScore]);
  }

  override async maxMarginalRelevanceSearch(
    query: string,
    options: MaxMarginalRelevanceSearchOptions<MetadataFilter>,
  ): Promise<Document[]> {
    const { k, fetchK = 20, lambda = 0.5, filter } = options;
    const embedding = await this.embeddings.embedQuery(query);
    const mmr = { diversity: 1 - lambda, candidates: Math.max(k, fetchK) };
    const results = await this.#search(embedding, k, filter, { rerank: { mmr } });
    return results.map(({ document }) => toDocument(document));
  }

  #search(
    queryEmbedding: number[],
    nResults: number,
    filter: MetadataFilter | undefined,
    more: Pick<ServiceSearchRequest, "rerank"> = {},
  ): Promise<SearchResult[]> {
    return this.#service.semanticSearch({
      queryEmbedding,
      nResults,
      ...(filter === undefined ? {} : { metadataFilter: filter }),
      ...more,
    });
  }
}

function toDocument({ id, content, metadata }: VectorDocument): Document {
  return new Document({ id, pageContent: content ?? "", metadata });
}

function codeOf({ code }: FailedDocument): ErrorCode {
  return code in errorCodes ? (code as ErrorCode) : "E_INPUT";
}
