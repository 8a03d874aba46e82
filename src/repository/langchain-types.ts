/** LangChain.js' types, as far as those have them who have installed it: an optional peer dependency. */

// biome-ignore lint/suspicious/noTsIgnore: an error is what those get who have not installed it, and their compiler reads this too.
/** @ts-ignore A `VectorStore` of LangChain.js; where `@langchain/core` is not installed this is `any`. */
export type LangChainVectorStore = import("@langchain/core/vectorstores").VectorStore;

/** What embeds texts for a store: LangChain's `Embeddings` of any provider is one. */
export interface LangChainEmbeddings {
  embedDocuments(texts: string[]): Promise<number[][]>;
  embedQuery(text: string): Promise<number[]>;
}
