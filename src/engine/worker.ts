/** The worker's thread: takes requests in order and answers each, questions amid long calls too; changes of points that wait together are committed together. */
import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from "node:worker_threads";
import { isVectorError, VectorError } from "../errors.ts";
import type { VectorColumn } from "../model/record.ts";
import { arraysOf } from "../model/vector-column.ts";
import type { ChangeStatus } from "./api.ts";
import { Host } from "./host.ts";
import { withinRoom } from "./memory-limit.ts";
import {
  type EnginePlaces,
  type OperationName,
  pointWrites,
  questions,
  type Reply,
  type Request,
  type SentError,
} from "./protocol.ts";
import { answer, type Patience, patienceOf, writesOf } from "./rest/operations.ts";
import type { RestRequest } from "./rest/request.ts";
import { storageError } from "./storage/sqlite.ts";
import { secondsDefault, within } from "./time-limit.ts";
import { inTurns, turnMs } from "./turns.ts";
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

interface Place {
  /** The collection that a request is about. */
  readonly name: string;
  /** Whether it joins the group commit. */
  readonly joins: boolean;
  /** Whether it changes nothing. */
  readonly asks: boolean;
}

function placeOf(request: Request): Place {
  const { operation, args } = request;
  const asked = restOf(request);
  if (asked === null) {
    const joins = pointWrites.has(operation);
    return { name: String(args[0]), joins, asks: questions.has(operation) };
  }
  const writes = writesOf(asked);
  return { name: asked.collection, joins: writes === "points", asks: writes === "nothing" };
}

/** How long the caller of a change of points waits for it, where it does not go by the REST door; null = to its end. */
function ownPatience({ operation, seconds }: Request): Patience | null {
  if (seconds === undefined || !pointWrites.has(operation)) return null;
  return { ms: seconds * 1000, answer: () => "wait_timeout" satisfies ChangeStatus };
}

/** What a request asks of the REST door; null = nothing. */
function restOf({ operation, args }: Request): RestRequest | null {
  return operation === "ask" || operation === "askBytes" ? (args[0] as RestRequest) : null;
}

/** The text of an answer as it is sent. */
function sentText({ operation }: Request, text: string): string | Uint8Array {
  return operation === "askBytes" ? new TextEncoder().encode(text) : text;
}

class RequestLoop {
  readonly #port: MessagePort;
  readonly #host: Host;
  /** Changes that are made and not yet committed, all of one collection. */
  #group: { name: string; answers: { id: number; result: unknown }[] } | null = null;

  /** What came amid a long call and is to be handled after it, in its order. */
  readonly #waiting: Request[] = [];
  /** Requests that were answered before they were done. */
  readonly #told = new Set<number>();
  /** Whether a step of building is to come. */
  #growing = false;

  constructor(port: MessagePort, host: Host) {
    this.#port = port;
    this.#host = host;
  }

  /** Handles `next`, after what came before it, and what waits behind it. */
  drain(next?: Request): void {
    if (next !== undefined) this.#waiting.push(next);
    for (let taken = 0; taken < drainMax; taken += 1) {
      const request = this.#waiting.shift() ?? this.#take();
      if (request === undefined) break;
      this.#handle(request);
    }
    this.#commit();
    if (this.#waiting.length > 0) setImmediate(() => this.drain());
    this.growLater();
  }

  #take(): Request | undefined {
    return receiveMessageOnPort(this.#port)?.message;
  }

  /** Amid a change: tells its caller, if he waits no longer. */
  #tell(change: Request, patience: Patience | null, endsMs: number): void {
    if (patience === null || performance.now() < endsMs || this.#told.has(change.id)) return;
    this.#reply({ id: change.id, result: sentText(change, patience.answer()) });
    this.#told.add(change.id);
  }

  /** Amid a long call: answers questions that came, and keeps the rest for later. */
  #meanwhile(): void {
    const untilMs = performance.now() + turnMs;
    for (let taken = 0; taken < drainMax && performance.now() < untilMs; taken += 1) {
      const request = this.#take();
      if (request === undefined) return;
      if (placeOf(request).asks) this.#answer(request);
      else this.#waiting.push(request);
    }
  }

  /** Runs what changes something: others have their turns meanwhile. */
  #change(request: Request): unknown {
    const asked = restOf(request);
    const patience = asked === null ? ownPatience(request) : patienceOf(asked);
    const endsMs = performance.now() + (patience?.ms ?? 0);
    const meanwhile = (): void => {
      this.#tell(request, patience, endsMs);
      this.#meanwhile();
    };
    return inTurns(meanwhile, () => this.#run(request));
  }

  #ask(request: Request): unknown {
    return inTurns(
      () => this.#meanwhile(),
      () => this.#run(request),
    );
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
      const result = this.#change(request);
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
      const result = placeOf(request).asks ? this.#ask(request) : this.#change(request);
      this.#port.postMessage({ id: request.id, result } satisfies Reply, buffersOf(result));
    } catch (error) {
      const { name } = placeOf(request);
      this.#reply({ id: request.id, error: toSentError(storageError(error, name)) });
    }
    if (request.operation === "close") this.#port.close();
  }

  #run(request: Request): unknown {
    const asked = restOf(request);
    if (asked !== null) return sentText(request, answer(this.#host, asked));
    const operation = request.operation as Exclude<OperationName, "ask" | "askBytes">;
    const { args } = request;
    const run = (): unknown => Reflect.apply(this.#host[operation], this.#host, args);
    const seconds = questions.has(operation) ? request.seconds : undefined;
    return within(seconds ?? secondsDefault, () => withinRoom(run));
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
    if (this.#told.delete(reply.id)) return;
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
