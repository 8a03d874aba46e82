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
import { answer, patienceOf, writesOf } from "./rest/operations.ts";
import type { RestRequest } from "./rest/request.ts";
import { storageError } from "./storage/sqlite.ts";
import { secondsDefault, within } from "./time-limit.ts";
import { inTurns, turnMs } from "./turns.ts";
import { type Changes, unmade } from "./unmade.ts";
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

/** For how many seconds the caller of a change waits for it; null = to its end. */
function secondsOf(request: Request): number | null {
  const asked = restOf(request);
  if (asked !== null) return patienceOf(asked);
  return pointWrites.has(request.operation) ? (request.seconds ?? null) : null;
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

  /** What has come and is to be handled, in its order. */
  readonly #waiting: Request[] = [];
  /** Changes that are waited for until a time, and are not answered yet. */
  readonly #awaited = new Map<number, { request: Request; untilMs: number }>();
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
    if (next !== undefined) this.#keep(next);
    for (let handled = 0; handled < drainMax; handled += 1) {
      this.#take();
      const request = this.#waiting.shift();
      if (request === undefined) break;
      this.#handle(request);
      if (this.#waiting.length > 0) this.#tell();
    }
    this.#commit();
    if (this.#waiting.length > 0) setImmediate(() => this.drain());
    this.growLater();
  }

  /** Takes what has come. */
  #take(): void {
    for (let taken = 0; taken < drainMax; taken += 1) {
      const came = receiveMessageOnPort(this.#port);
      if (came === undefined) return;
      this.#keep(came.message);
    }
  }

  #keep(request: Request): void {
    this.#waiting.push(request);
    const seconds = secondsOf(request);
    if (seconds === null) return;
    this.#awaited.set(request.id, { request, untilMs: performance.now() + seconds * 1000 });
  }

  /** Tells those who wait no longer for their changes; where they are many, the last of them later. */
  #tell(): void {
    const nowMs = performance.now();
    for (const [id, { request, untilMs }] of this.#awaited) {
      if (nowMs < untilMs) continue;
      if (performance.now() >= nowMs + turnMs) return;
      try {
        this.#reply({ id, result: this.#timedOut(request) });
        this.#told.add(id);
      } catch {
        // What is made before it may mend what is wrong now (a name, a collection that comes): its turn says.
        this.#awaited.delete(id);
      }
    }
  }

  /** The answer to who waits no longer for a change, which is made all the same. @throws VectorError where it would be refused as things stand */
  #timedOut(request: Request): unknown {
    const asked = restOf(request);
    if (asked !== null) return sentText(request, answer(this.#host, { ...asked, timedOut: true }));
    const operation = request.operation as keyof Changes;
    Reflect.apply(unmade(this.#host)[operation], null, request.args);
    return "wait_timeout" satisfies ChangeStatus;
  }

  /** Amid a long call: tells who waits no longer, answers questions that came, and keeps the rest for later. */
  #meanwhile(): void {
    this.#take();
    this.#tell();
    const untilMs = performance.now() + turnMs;
    for (let at = 0; performance.now() < untilMs; ) {
      if (at === this.#waiting.length) this.#take();
      const request = this.#waiting[at];
      if (request === undefined) return;
      if (placeOf(request).asks) {
        this.#waiting.splice(at, 1);
        this.#answer(request);
      } else at += 1;
    }
  }

  /** Runs a request: others have their turns meanwhile. */
  #call(request: Request): unknown {
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
      const result = this.#call(request);
      this.#group.answers.push({ id: request.id, result });
    } catch (error) {
      // A refused request has changed nothing; after any other fault nothing of the group may stay.
      if (!isVectorError(error)) this.#fail(error);
      this.#refuse(request, error);
    }
  }

  #answer(request: Request): void {
    try {
      const result = this.#call(request);
      this.#reply({ id: request.id, result });
    } catch (error) {
      this.#refuse(request, error);
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

  #refuse(request: Request, error: unknown): void {
    const { name } = placeOf(request);
    this.#reply({ id: request.id, error: toSentError(storageError(error, name)) });
  }

  #reply(reply: Reply): void {
    this.#awaited.delete(reply.id);
    if (this.#told.delete(reply.id)) return;
    this.#port.postMessage(reply, "result" in reply ? buffersOf(reply.result) : []);
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
