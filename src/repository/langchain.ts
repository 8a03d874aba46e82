/** LangChain.js, an optional peer dependency, loaded when a store of it is wanted. */
import { VectorError } from "../errors.ts";
import { errorCode } from "../util/error-code.ts";
import type { LangChainEmbeddings, LangChainVectorStore } from "./langchain-types.ts";
import type { TenantDocuments } from "./service-types.ts";

/** The tenant's documents behind LangChain's interface. @throws {VectorError} E_CONFIG where @langchain/core is not installed */
export async function openLangChainStore<M extends object>(
  service: TenantDocuments<M>,
  embeddings: LangChainEmbeddings,
): Promise<LangChainVectorStore> {
  const { makeLangChainStore } = await loadStore();
  return makeLangChainStore(service, embeddings);
}

async function loadStore(): Promise<typeof import("./langchain-store.ts")> {
  try {
    return await import("./langchain-store.ts");
  } catch (cause) {
    if (errorCode(cause) !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new VectorError("E_CONFIG", "The package @langchain/core is not installed.", {
      cause,
      next: "Install it: npm install @langchain/core (1.0 or newer).",
    });
  }
}
