/** The official client, an optional peer dependency: its type, and its class when it is needed. */
import { VectorError } from "../errors.ts";
import { errorCode } from "../util/error-code.ts";

// biome-ignore lint/suspicious/noTsIgnore: an error is what those get who have not installed it, and their compiler reads this too.
/** @ts-ignore Where `@qdrant/js-client-rest` is not installed this is `any`. */
export type QdrantClient = import("@qdrant/js-client-rest").QdrantClient;

/** What makes a client: the class that `@qdrant/js-client-rest` exports. */
export type QdrantClientClass = new (parameters: {
  url: string;
  port?: null;
  checkCompatibility: false;
  apiKey?: string;
  headers?: Record<string, string>;
  timeout?: number;
}) => QdrantClient;

/** The class of the installed client. @throws E_CONFIG where none is installed */
export async function loadQdrantClient(): Promise<QdrantClientClass> {
  try {
    return (await import("@qdrant/js-client-rest")).QdrantClient;
  } catch (cause) {
    if (errorCode(cause) !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new VectorError("E_CONFIG", "The package @qdrant/js-client-rest is not installed.", {
      cause,
      next: "Install it: npm install @qdrant/js-client-rest (1.17 or newer).",
    });
  }
}
