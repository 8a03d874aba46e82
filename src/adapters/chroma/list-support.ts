import { isVectorError } from "../../errors.ts";
import type { CallOptions } from "../../store/port.ts";
import { type ChromaClient, statusOf } from "./client.ts";
import type { Routes } from "./routes.ts";
import type { Takes } from "./takes.ts";

/**
 * A body that no server writes anything of, for its two vectors differ in dimension (400). A server that knows no lists in
 * metadata refuses it before it looks so far (422).
 */
const neverWritten = '{"ids":["a","b"],"embeddings":[[1],[1,2]],"metadatas":[{"a":["b"]},null]}';

/** Whether metadata may hold lists: the version that a server of 1.x says leaves it open, so the server is asked once. */
export class ListSupport {
  readonly #client: ChromaClient;
  readonly #routes: Routes;
  #taken: boolean | null;

  constructor(client: ChromaClient, routes: Routes, takes: Takes) {
    this.#client = client;
    this.#routes = routes;
    this.#taken = takes.lists;
  }

  /** `key`: a collection that is there. */
  async taken(key: string, { signal }: CallOptions): Promise<boolean> {
    this.#taken ??= await this.#ask(key, signal);
    return this.#taken;
  }

  async #ask(key: string, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      await this.#client.write("POST", this.#routes.records(key, "upsert"), neverWritten, {
        signal,
      });
      return true;
    } catch (error) {
      if (!isVectorError(error)) throw error;
      const status = statusOf(error);
      if (status !== 400 && status !== 422) throw error;
      return status === 400;
    }
  }
}
