/**
 * A LangChain.js application over a collection that the command migrated:
 *
 *   npx vecferry migrate ./chroma embedded:./qdrant --target-collection debian --tenant-mapping tenants.json
 *
 * It answers a question out of the documents of one tenant; a model of any provider writes the answer.
 */
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnableSequence } from "@langchain/core/runnables";
import type { MetadataFilter, VectorService } from "vecferry";

const prompt = ChatPromptTemplate.fromTemplate(
  "Answer from these documents alone, and name their ids.\n\n{documents}\n\nQuestion: {question}",
);

export interface AppOptions {
  /** The tenant's documents: `connection.tenant("arcade", { collection: "debian" })`. */
  readonly service: VectorService;
  /** The model that the documents were embedded with, before they were migrated. */
  readonly embeddings: EmbeddingsInterface;
  readonly model: BaseChatModel;
  readonly filter?: MetadataFilter;
}

/** What answers a question. */
export async function createApp({ service, embeddings, model, filter }: AppOptions) {
  const store = await service.asLangChainVectorStore({ embeddings });
  const retriever = store.asRetriever({ k: 3, ...(filter === undefined ? {} : { filter }) });
  const find = async (question: string) => {
    const documents = await retriever.invoke(question);
    return documents.map(({ id, pageContent }) => `[${id}] ${pageContent}`).join("\n");
  };
  return RunnableSequence.from<string, string>([
    { documents: find, question: (question: string) => question },
    prompt,
    model,
    new StringOutputParser(),
  ]);
}
