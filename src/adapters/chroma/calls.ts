import { isVectorError, VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import { isCanonicalUuid } from "../../model/point-id.ts";
import { missingCollection } from "../../store/missing-collection.ts";
import { stringifyPlain } from "../../util/json.ts";
import type { ParseBytes } from "./answer.ts";
import { type ListedCollection, listCollections } from "./catalog.ts";
import { type ChromaClient, type SendOptions, statusOf } from "./client.ts";
import { parseIds } from "./page.ts";
import type { Routes } from "./routes.ts";

/** A collection, as far as it takes to ask for it. */
export type KnownCollection = Pick<CollectionInfo, "key" | "name">;

/** What is asked of a collection, and how the answer is to be taken. */
export interface Question<T> {
  readonly verb: "get" | "query" | "count";
  readonly body?: object;
  readonly parse: ParseBytes<T>;
  /** As in `SendOptions`. */
  readonly place?: boolean;
}

/** Whether it takes a closer look to know what an error means: 0.4 says 500 for nearly everything, a missing collection included. */
export function isUnclear(error: VectorError): boolean {
  return error.code === "E_COLLECTION_NOT_FOUND" || statusOf(error) === 500;
}

/** Some seconds: longer outages seldom answer 500. */
const settleAttempts = 5;

/** Calls that read one collection. */
export class CollectionCalls {
  readonly #client: ChromaClient;
  readonly #routes: Routes;

  constructor(client: ChromaClient, routes: Routes) {
    this.#client = client;
    this.#routes = routes;
  }

  /** The answer. @throws E_COLLECTION_NOT_FOUND, E_SERVER … */
  async ask<T>(
    collection: KnownCollection,
    question: Question<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    try {
      return await this.once(collection, question, signal);
    } catch (error) {
      if (!isVectorError(error) || !isUnclear(error)) throw error;
      await this.settle(collection, signal);
      return this.#send(collection, question, { signal });
    }
  }

  /** The same, with an unclear answer (`isUnclear`) going to the caller at once. */
  once<T>(
    collection: KnownCollection,
    question: Question<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    return this.#send(collection, question, { signal, retry500: false });
  }

  /**
   * Tells why the server gives no clear answer: because the collection is gone, or because it can answer nothing of it.
   * Returns when neither is so, after having waited for a server that was only down for a while.
   * @throws E_COLLECTION_NOT_FOUND, E_SERVER
   */
  async settle(collection: KnownCollection, signal: AbortSignal | undefined): Promise<void> {
    const listed = await listCollections(this.#client, this.#routes, signal);
    if (!listed.some(({ key }) => key === collection.key)) {
      throw missing(collection.name, listed);
    }
    const body = { limit: 1, include: [] };
    const attempts = settleAttempts;
    await this.#send(collection, { verb: "get", body, parse: parseIds }, { signal, attempts });
  }

  async #send<T>(
    collection: KnownCollection,
    { verb, body, parse, place = true }: Question<T>,
    sending: SendOptions,
  ): Promise<T> {
    assertKey(collection);
    const options = { ...sending, place };
    const path = this.#routes.records(collection.key, verb);
    return body === undefined
      ? this.#client.getBytes(path, parse, options)
      : this.#client.post(path, stringifyPlain(body), parse, options);
  }
}

/** A collection is known by a uuid; each version has words of its own for a path with anything else. @throws E_COLLECTION_NOT_FOUND */
function assertKey({ key, name }: KnownCollection): void {
  if (isCanonicalUuid(key)) return;
  throw new VectorError(
    "E_COLLECTION_NOT_FOUND",
    `${JSON.stringify(key)} is no key of a collection of Chroma's.`,
    { details: { collection: name } },
  );
}

/** The error for a collection that is not among those that are there. */
export function missing(name: string, there: readonly ListedCollection[]): VectorError {
  return missingCollection(
    "The Chroma server",
    name,
    there.map((listed) => listed.name),
  );
}
