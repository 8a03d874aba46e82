import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Worker } from "node:worker_threads";
import { VectorError } from "../errors.ts";
import { arraysOf, copyColumn } from "../model/vector-column.ts";
import { abortError, throwIfAborted } from "../util/abort.ts";
import { stringifyPlain } from "../util/json.ts";
import { acquireLock } from "../util/lock.ts";
import { moduleExtension } from "../util/module-extension.ts";
import { startThread } from "../util/start-thread.ts";
import type {
  CallOptions,
  ChangeStatus,
  CollectionDescription,
  Engine,
  JsonInput,
  PayloadSelector,
  PointColumns,
  PointSelector,
  ReadPointsOptions,
  ScoredPoints,
  ScrollOptions,
  ScrollPage,
  SearchOptions,
  UpsertMode,
} from "./api.ts";
import type {
  EnginePlaces,
  Opened,
  OperationName,
  Operations,
  Reply,
  Request,
  Sent,
  SentError,
} from "./protocol.ts";
import type { RestRequest } from "./rest/request.ts";
import { lockName, prepareFolder } from "./storage/folder.ts";

/** Opens the folder (made where it is not there), or ':memory:'. @throws E_LOCKED, E_STORAGE, E_NOT_SUPPORTED, E_CONFIG, E_ABORTED */
export async function openEngine(path: string, options: CallOptions = {}): Promise<Engine> {
  throwIfAborted(options.signal);
  const folder = path === ":memory:" ? path : resolve(path);
  let lock: AsyncDisposable | null = null;
  if (folder !== ":memory:") {
    prepareFolder(folder);
    lock = await acquireLock(join(folder, lockName), `the folder ${folder}`);
  }
  const places: EnginePlaces = { folder, snapshots: snapshotsOf(folder) };
  const worker = startThread(new URL(`./worker${moduleExtension}`, import.meta.url), {
    workerData: places,
    name: "vecferry engine",
  });
  try {
    const damaged = await opened(worker, options.signal);
    return new WorkerEngine(places, damaged, worker, lock);
  } catch (error) {
    await worker.terminate();
    await lock?.[Symbol.asyncDispose]();
    throw error;
  }
}

/** Where an engine's snapshots are: in its folder; of one in memory, in a temporary folder that its end removes. */
function snapshotsOf(folder: string): string {
  if (folder !== ":memory:") return join(folder, "snapshots");
  return join(tmpdir(), `vecferry-snapshots-${randomUUID()}`);
}

function toError({ code, message, next, details, cause }: SentError): VectorError {
  return new VectorError(code, message, { next, details, ...(cause === null ? {} : { cause }) });
}

function opened(
  worker: Worker,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, string>> {
  return new Promise((settle, reject) => {
    const abort = (): void => reject(signal === undefined ? undefined : abortError(signal));
    const exit = (): void =>
      reject(new VectorError("E_INTERNAL", "The engine's thread ended before it had opened."));
    signal?.addEventListener("abort", abort, { once: true });
    worker.once("error", reject);
    worker.once("exit", exit);
    worker.once("message", (message: Opened) => {
      worker.off("error", reject);
      worker.off("exit", exit);
      signal?.removeEventListener("abort", abort);
      if ("error" in message) reject(toError(message.error));
      else settle(message.damaged);
    });
  });
}

interface Pending {
  settle(result: unknown): void;
  reject(error: unknown): void;
}

/** JSON text of what may be an object or text already. */
function toText(value: JsonInput): string {
  return typeof value === "string" ? value : stringifyPlain(value);
}

function toSelector(selector: PointSelector): PointSelector {
  return "ids" in selector ? selector : { filter: toText(selector.filter) };
}

/** Options as they are sent: without what is said beside them, with the filter as text. */
function toSent<
  Options extends CallOptions & { filter?: JsonInput | undefined; withPayload?: PayloadSelector },
>(options: Options): Sent<Options> {
  const { signal: _signal, timeoutSeconds: _seconds, filter, ...rest } = options;
  return (filter === undefined ? rest : { ...rest, filter: toText(filter) }) as Sent<Options>;
}

/** What the worker says to who waits no longer; to others it says nothing. */
function statusOf(result: unknown): ChangeStatus {
  return result === "wait_timeout" ? result : "completed";
}

/** Copies of the columns, so that the caller's stay his while the copies are handed over. */
function copyColumns(points: PointColumns): { points: PointColumns; buffers: ArrayBuffer[] } {
  const vectors: PointColumns["vectors"] = new Map();
  const buffers: ArrayBuffer[] = [];
  for (const [name, column] of points.vectors) {
    const copy = copyColumn(column);
    vectors.set(name, copy);
    buffers.push(...arraysOf(copy).map(({ buffer }) => buffer as ArrayBuffer));
  }
  return { points: { ids: points.ids, payloads: points.payloads, vectors }, buffers };
}

/** What of a question is handed over and not copied: bytes that have their buffer to themselves, and columns. */
function ownBuffers({ body, points, vector }: RestRequest): ArrayBuffer[] {
  const given = [...(points?.vectors.values() ?? [])].flatMap(arraysOf);
  if (vector !== undefined) given.push(vector);
  return [...given, ...(body instanceof Uint8Array ? [body] : [])].flatMap(
    ({ buffer, byteLength }) =>
      buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [],
  );
}

class WorkerEngine implements Engine {
  readonly path: string;
  readonly snapshots: string;
  readonly damaged: ReadonlyMap<string, string>;
  readonly #worker: Worker;
  readonly #lock: AsyncDisposable | null;
  readonly #pending = new Map<number, Pending>();
  readonly #ended: Promise<void>;
  #nextId = 0;
  #fault: unknown = null;
  #closing: Promise<void> | null = null;

  constructor(
    { folder, snapshots }: EnginePlaces,
    damaged: ReadonlyMap<string, string>,
    worker: Worker,
    lock: AsyncDisposable | null,
  ) {
    this.path = folder;
    this.snapshots = snapshots;
    this.damaged = damaged;
    this.#worker = worker;
    this.#lock = lock;
    worker.on("message", (reply: Reply) => this.#receive(reply));
    worker.on("error", (error) => {
      this.#fault = error;
    });
    this.#ended = new Promise((settle, reject) => {
      worker.once("exit", () => this.#end().then(settle, reject));
    });
    worker.unref();
  }

  async createCollection(
    name: string,
    config: JsonInput,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#call("createCollection", [name, toText(config)], options);
  }

  async updateCollection(name: string, patch: JsonInput, options: CallOptions = {}): Promise<void> {
    await this.#call("updateCollection", [name, toText(patch)], options);
  }

  deleteCollection(name: string, options: CallOptions = {}): Promise<boolean> {
    return this.#call("deleteCollection", [name], options);
  }

  async getCollection(name: string, options: CallOptions = {}): Promise<CollectionDescription> {
    return JSON.parse(await this.describeCollection(name, options)) as CollectionDescription;
  }

  describeCollection(name: string, options: CallOptions = {}): Promise<string> {
    return this.#call("describeCollection", [name], options);
  }

  listCollections(options: CallOptions = {}): Promise<string[]> {
    return this.#call("listCollections", [], options);
  }

  collectionExists(name: string, options: CallOptions = {}): Promise<boolean> {
    return this.#call("collectionExists", [name], options);
  }

  async createPayloadIndex(
    name: string,
    field: string,
    schema: JsonInput,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#call("createPayloadIndex", [name, field, toText(schema)], options);
  }

  async deletePayloadIndex(name: string, field: string, options: CallOptions = {}): Promise<void> {
    await this.#call("deletePayloadIndex", [name, field], options);
  }

  async upsert(
    name: string,
    points: PointColumns,
    options: CallOptions & { mode?: UpsertMode | undefined } = {},
  ): Promise<ChangeStatus> {
    const { mode } = options;
    const copy = copyColumns(points);
    const conditions = mode === undefined ? {} : { mode };
    return statusOf(
      await this.#call("upsert", [name, copy.points, conditions], options, copy.buffers),
    );
  }

  retrieve(
    name: string,
    ids: readonly string[],
    options: ReadPointsOptions = {},
  ): Promise<PointColumns> {
    return this.#call("retrieve", [name, ids, toSent(options)], options);
  }

  scroll(name: string, options: ScrollOptions = {}): Promise<ScrollPage> {
    return this.#call("scroll", [name, toSent(options)], options);
  }

  count(name: string, filter?: JsonInput, options: CallOptions = {}): Promise<number> {
    return this.#call("count", [name, filter === undefined ? undefined : toText(filter)], options);
  }

  search(name: string, options: SearchOptions): Promise<ScoredPoints> {
    return this.#call(
      "search",
      [name, { ...toSent(options), vector: options.vector.slice() }],
      options,
    );
  }

  async deletePoints(
    name: string,
    selector: PointSelector,
    options: CallOptions = {},
  ): Promise<ChangeStatus> {
    return statusOf(await this.#call("deletePoints", [name, toSelector(selector)], options));
  }

  async setPayload(
    name: string,
    selector: PointSelector,
    payload: string,
    options: CallOptions & { overwrite?: boolean; key?: string } = {},
  ): Promise<void> {
    await this.#call("setPayload", [name, toSelector(selector), payload, toSent(options)], options);
  }

  async deletePayload(
    name: string,
    selector: PointSelector,
    keys: readonly string[],
    options: CallOptions = {},
  ): Promise<void> {
    await this.#call("deletePayload", [name, toSelector(selector), keys], options);
  }

  async clearPayload(
    name: string,
    selector: PointSelector,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#call("clearPayload", [name, toSelector(selector)], options);
  }

  ask(request: RestRequest, options: CallOptions = {}): Promise<string> {
    return this.#call("ask", [request], options, ownBuffers(request));
  }

  askBytes(request: RestRequest, options: CallOptions = {}): Promise<Uint8Array> {
    return this.#call("askBytes", [request], options, ownBuffers(request));
  }

  close({ withinMs }: { withinMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close();
    if (withinMs === undefined) return this.#closing;
    const timer = setTimeout(() => void this.#worker.terminate(), withinMs);
    return this.#closing.finally(() => clearTimeout(timer));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (this.#fault === null) {
      this.#worker.ref();
      await this.#send("close", [], {}).catch(() => undefined);
    }
    await this.#ended;
  }

  #call<Name extends OperationName>(
    operation: Name,
    args: Parameters<Operations[Name]>,
    options: CallOptions,
    transfer: ArrayBuffer[] = [],
  ): Promise<ReturnType<Operations[Name]>> {
    if (this.#closing !== null || this.#fault !== null) {
      return Promise.reject(
        new VectorError("E_CLOSED", `The engine on ${this.path} is closed.`, {
          cause: this.#fault,
        }),
      );
    }
    return this.#send(operation, args, options, transfer) as Promise<ReturnType<Operations[Name]>>;
  }

  /** An abort ends the wait, not the work: what was sent is still done. */
  #send(
    operation: OperationName,
    args: readonly unknown[],
    { signal, timeoutSeconds: seconds }: CallOptions,
    transfer: ArrayBuffer[] = [],
  ): Promise<unknown> {
    if (signal?.aborted) return Promise.reject(abortError(signal));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((settle, reject) => {
      // What cannot be sent throws here, before anybody waits for its answer.
      this.#worker.postMessage({ id, operation, args, seconds } satisfies Request, transfer);
      this.#worker.ref();
      const abort = (): void => reject(signal === undefined ? undefined : abortError(signal));
      const done = (): void => signal?.removeEventListener("abort", abort);
      signal?.addEventListener("abort", abort, { once: true });
      this.#pending.set(id, {
        settle: (result) => {
          done();
          settle(result);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
    });
  }

  #receive(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0 && this.#closing === null) this.#worker.unref();
    if ("error" in reply) pending?.reject(toError(reply.error));
    else pending?.settle(reply.result);
  }

  /** The worker is gone: by `close`, or by a fault that nobody may wait on for ever. */
  async #end(): Promise<void> {
    this.#fault ??= new VectorError("E_CLOSED", `The engine on ${this.path} is closed.`);
    for (const { reject } of this.#pending.values()) {
      reject(
        new VectorError("E_INTERNAL", `The engine on ${this.path} has ended.`, {
          cause: this.#fault,
        }),
      );
    }
    this.#pending.clear();
    if (this.path === ":memory:") await rm(this.snapshots, { recursive: true, force: true });
    await this.#lock?.[Symbol.asyncDispose]();
  }
}
