/** The worker's thread: takes requests in order and answers each; changes of points that wait together are committed together. */
import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from "node:worker_threads";
import { isVectorError, VectorError } from "../errors.ts";
import type { VectorColumn } from "../model/record.ts";
import { arraysOf } from "../model/vector-column.ts";
import { Host } from "./host.ts";
import { withinRoom } from "./memory-limit.ts";
import {
  type EnginePlaces,
  pointWrites,
  type Reply,
  type Request,
  type SentError,
} from "./protocol.ts";
import { answer, writesOf } from "./rest/operations.ts";
import type { RestRequest } from "./rest/request.ts";
import { storageError } from "./storage/sqlite.ts";
import { secondsDefault, within } from "./time-limit.ts";
import { growIndexes } from "./vectors/hnsw.ts";

/** Requests taken in one go. */
const drainMax = 64;

function toSentError(error: unknown): SentError {
  const known = isVectorError(error)
    ? error
    : new VectorError("E_INTERNAL", error instanceof Error ? error.message : String(error), {
        cause: error,
      });
  const { code, message, next, details, cause } = known;
  return {
    code,
    message,
    next,
    details,
    cause: cause instanceof Error ? (cause.stack ?? cause.message) : null,
  };
}

/** The buffers of an answer's columns, which are handed over and not copied. */
function buffersOf(result: unknown): ArrayBuffer[] {
  if (result instanceof Uint8Array) return [result.buffer as ArrayBuffer];
  if (typeof result !== "object" || result === null || !("vectors" in result)) return [];
  const { vectors } = result;
  if (!(vectors instanceof Map)) return [];
  const columns: VectorColumn[] = [...vectors.values()];
  return columns.flatMap(arraysOf).map(({ buffer }) => buffer as ArrayBuffer);
}

/** Which collection a request is about, and whether it joins the group commit. */
function placeOf({ operation, args }: Request): { name: string; joins: boolean } {
  if (operation !== "ask" && operation !== "askBytes")
    return { name: String(args[0]), joins: pointWrites.has(operation) };
  const asked = args[0] as RestRequest;
  return { name: asked.collection, joins: writesOf(asked) === "points" };
}

class RequestLoop {
  readonly #port: MessagePort;
  readonly #host: Host;
  /** Changes that are made and not yet committed, all of one collection. */
  #group: { name: string; answers: { id: number; result: unknown }[] } | null = null;

  /** Whether a step of building is to come. */
  #growing = false;

  constructor(port: MessagePort, host: Host) {
    this.#port = port;
    this.#host = host;
  }

  /** Handles `first` and what waits behind it. */
  drain(first: Request): void {
    let request: Request | undefined = first;
    for (let taken = 0; request !== undefined; taken += 1) {
      this.#handle(request);
      request = taken + 1 < drainMax ? receiveMessageOnPort(this.#port)?.message : undefined;
    }
    this.#commit();
    this.growLater();
  }

  /** Builds indexes while there is nothing else to do: requests that came meanwhile are answered before each further step. */
  growLater(): void {
    if (this.#growing) return;
    this.#growing = true;
    setImmediate(() => {
      this.#growing = false;
      if (growIndexes()) this.growLater();
    });
  }

  #handle(request: Request): void {
    const { name, joins } = placeOf(request);
    if (!joins || this.#group?.name !== name) this.#commit();
    if (!joins) {
      this.#answer(request);
      return;
    }
    this.#group ??= { name, answers: [] };
    try {
      const result = this.#run(request);
      this.#group.answers.push({ id: request.id, result });
    } catch (error) {
      // A refused request has changed nothing; after any other fault nothing of the group may stay.
      if (!isVectorError(error)) this.#fail(error);
      const known = storageError(error, name);
      this.#reply({ id: request.id, error: toSentError(known) });
    }
  }

  #answer(request: Request): void {
    try {
      const result = this.#run(request);
      this.#port.postMessage({ id: request.id, result } satisfies Reply, buffersOf(result));
    } catch (error) {
      const { name } = placeOf(request);
      this.#reply({ id: request.id, error: toSentError(storageError(error, name)) });
    }
    if (request.operation === "close") this.#port.close();
  }

  #run({ operation, args }: Request): unknown {
    if (operation === "ask") return answer(this.#host, args[0] as RestRequest);
    if (operation === "askBytes")
      return new TextEncoder().encode(answer(this.#host, args[0] as RestRequest));
    const run = (): unknown => Reflect.apply(this.#host[operation], this.#host, args);
    return within(secondsDefault, () => withinRoom(run));
  }

  #commit(): void {
    if (this.#group === null) return;
    const { answers } = this.#group;
    try {
      this.#host.commit();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#group = null;
    for (const each of answers) this.#reply(each);
  }

  /** Undoes the group and says so to all who are in it. */
  #fail(error: unknown): void {
    if (this.#group === null) return;
    const { name, answers } = this.#group;
    this.#group = null;
    this.#host.rollback();
    for (const { id } of answers)
      this.#reply({ id, error: toSentError(storageError(error, name)) });
  }

  #reply(reply: Reply): void {
    this.#port.postMessage(reply);
  }
}

function main(port: MessagePort): void {
  let host: Host;
  try {
    host = new Host(workerData as EnginePlaces);
  } catch (error) {
    port.postMessage({ error: toSentError(error) });
    return;
  }
  const loop = new RequestLoop(port, host);
  loop.growLater();
  port.postMessage({ damaged: host.damaged });
  port.on("message", (request: Request) => loop.drain(request));
}

if (parentPort !== null) main(parentPort);
