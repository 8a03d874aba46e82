/** A real client of the official class whose requests need no socket. */
import { STATUS_CODES } from "node:http";
import type { PointColumns } from "../engine/index.ts";
import { VectorError } from "../errors.ts";
import type { QdrantApp } from "../server/index.ts";
import { toColumns } from "./columns.ts";
import type { QdrantClient, QdrantClientClass } from "./qdrant-client.ts";

/** A host that never resolves: no request of the client can reach a server by mistake. */
const url = "http://vecferry.invalid";

/** One of the functions that the client's own `api()` has for each operation. */
type ApiOperation = (payload: Record<string, unknown>, init?: RequestInit) => Promise<unknown>;

/**
 * Makes a client of `QdrantClient` that `app` answers. The client's own code writes each request and reads each answer, so types,
 * errors, headers and timeouts are those of its version; only where it calls the global `fetch` does it get one that asks `app`.
 * Points to upsert are the exception: where they are plain they go as columns, for JSON text would take longer than storing them.
 * @throws E_NOT_SUPPORTED where the class does not call `fetch` in a way that can be answered in process
 */
export async function clientInProcess(
  QdrantClient: QdrantClientClass,
  app: QdrantApp,
): Promise<QdrantClient> {
  const client = new QdrantClient({ url, port: null, checkCompatibility: false });
  const api = client.api() as unknown as Record<string, ApiOperation>;
  await assertAnswerable(api);
  const answer = answerOf(app);
  for (const [name, operation] of Object.entries(api)) {
    const call: ApiOperation =
      name === "upsertPoints"
        ? upsertWith(app, operation)
        : (payload, init) => fetchingFrom(answer, () => operation(payload, init));
    // With its error class, which hangs on the function.
    api[name] = Object.assign(call, operation);
  }
  return client;
}

/**
 * Calls `call` with `answer` as the global `fetch`. The client calls it before it first waits for anything, so the replacement
 * lasts for one synchronous call, and nobody else can meet it.
 */
function fetchingFrom<Result>(answer: typeof fetch, call: () => Result): Result {
  const { fetch } = globalThis;
  globalThis.fetch = answer;
  try {
    return call();
  } finally {
    globalThis.fetch = fetch;
  }
}

async function assertAnswerable(api: Record<string, ApiOperation>): Promise<void> {
  let asked = false;
  const answer = async (): Promise<Response> => {
    asked = true;
    return Response.json({});
  };
  if (api["root"] !== undefined) {
    const { root } = api;
    await fetchingFrom(answer, () => root({}));
  }
  if (asked) return;
  throw new VectorError(
    "E_NOT_SUPPORTED",
    "This version of @qdrant/js-client-rest cannot be answered in process.",
    {
      next: "Start a server (`vecferry serve`, or `serve` in a program) and give the client its URL.",
    },
  );
}

/** A `fetch` that `app` answers; `points` are what the body would say. */
function answerOf(app: QdrantApp, points?: PointColumns): typeof fetch {
  return async (input, init = {}) => {
    const { method = "GET", headers = {}, body, signal } = init;
    signal?.throwIfAborted();
    const handed = { points, body: typeof body === "string" ? body : undefined };
    const answered = named(app.fetch(new Request(input, { method, headers }), handed));
    return signal ? await unlessAborted(answered, signal) : await answered;
  };
}

/** The answer with its status in words, as it would have come through a socket: they are what the client's errors say. */
async function named(answered: Response | Promise<Response>): Promise<Response> {
  const answer = await answered;
  const { body, status, headers } = answer;
  if (answer.ok) return answer;
  return new Response(body, { status, headers, statusText: STATUS_CODES[status] ?? "" });
}

function unlessAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((settle, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(settle, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** What an upsert may say beside its points that is no member of its body. */
const besideBody = new Set(["collection_name", "wait", "ordering", "timeout"]);

/** `upsertPoints` whose plain points never become JSON text; an upsert that says more than its points (conditions, say) is for the server to read. */
function upsertWith(app: QdrantApp, operation: ApiOperation): ApiOperation {
  return async (payload, init) => {
    const { points, ...rest } = payload;
    const says = Object.keys(rest).filter((name) => rest[name] !== undefined);
    const columns = says.every((name) => besideBody.has(name)) ? await toColumns(points) : null;
    if (columns === null) return await fetchingFrom(answerOf(app), () => operation(payload, init));
    return await fetchingFrom(answerOf(app, columns), () => operation(rest, init));
  };
}
