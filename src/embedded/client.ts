/** A real client of the official class whose requests need no socket. */
import { STATUS_CODES } from "node:http";
import type { PointColumns } from "../engine/index.ts";
import { VectorError } from "../errors.ts";
import type { DirectRoad, QdrantApp } from "../server/index.ts";
import { stringifyPlain } from "../util/json.ts";
import { parseAnswer } from "./answers.ts";
import { bodyText } from "./bodies.ts";
import { batchToColumns, toColumns, toVector } from "./columns.ts";
import type { QdrantClient, QdrantClientClass } from "./qdrant-client.ts";

/** A host that never resolves: no request of the client can reach a server by mistake. */
const url = "http://vecferry.invalid";

/** One of the functions that the client's own `api()` has for each operation. */
type ApiOperation = (payload: Record<string, unknown>, init?: RequestInit) => Promise<unknown>;

/**
 * Makes a client of `QdrantClient` that `app` answers. The client's own code writes each request and reads each answer, so types,
 * errors, headers and timeouts are those of its version; only where it calls the global `fetch` does it get one that asks `app`.
 * What asks for points and changes them is the exception: it goes by `road`, without the client's request, response and timeout, for
 * these take longer than the work. A refusal comes by the client's own code again.
 * @throws E_NOT_SUPPORTED where the class does not call `fetch` in a way that can be answered in process
 */
export async function clientInProcess(
  QdrantClient: QdrantClientClass,
  app: QdrantApp,
  road: DirectRoad,
): Promise<QdrantClient> {
  const client = new QdrantClient({ url, port: null, checkCompatibility: false });
  const api = client.api() as unknown as Record<string, ApiOperation>;
  await assertAnswerable(api);
  const answer = answerOf(app);
  for (const [name, operation] of Object.entries(api)) {
    const viaFetch: ApiOperation = (payload, init) =>
      fetchingFrom(answer, () => operation(payload, init));
    const direct = directOperations.get(name);
    const call = direct === undefined ? viaFetch : directly(road, direct, operation, viaFetch);
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

/** A `fetch` that `app` answers. */
function answerOf(app: QdrantApp): typeof fetch {
  return async (input, init = {}) => {
    const { method = "GET", headers = {}, body, signal } = init;
    signal?.throwIfAborted();
    const handed = typeof body === "string" ? { body } : {};
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

/** What the client says in the query string. */
const inQuery = new Set(["consistency", "ordering", "timeout", "wait"]);

interface Payload {
  readonly collection: string;
  readonly params: Readonly<Record<string, string>>;
  /** The members of the body. */
  readonly members: Readonly<Record<string, unknown>>;
}

function toPayload({ collection_name: collection, ...rest }: Record<string, unknown>): Payload {
  const params: Record<string, string> = {};
  const members: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(rest)) {
    if (value === undefined) continue;
    if (!inQuery.has(name)) members[name] = value;
    else if (value !== null) params[name] = String(value);
  }
  return { collection: String(collection), params, members };
}

type Question = Parameters<DirectRoad>[0];
type ToQuestion = (payload: Payload) => Question | Promise<Question>;

/** By their names at the client: what the engine is asked. */
const directOperations: ReadonlyMap<string, ToQuestion> = new Map([
  ["upsertPoints", toUpsert],
  ["queryPoints", toQuery],
  ...(
    [
      ["queryBatchPoints", "queryBatch"],
      ["queryPointsGroups", "queryGroups"],
      ["searchPoints", "search"],
      ["searchBatchPoints", "searchBatch"],
      ["searchPointGroups", "searchGroups"],
      ["recommendPoints", "recommend"],
      ["recommendBatchPoints", "recommendBatch"],
      ["recommendPointGroups", "recommendGroups"],
      ["discoverPoints", "discover"],
      ["discoverBatchPoints", "discoverBatch"],
      ["scrollPoints", "scrollPoints"],
      ["countPoints", "countPoints"],
      ["facet", "facet"],
      ["getPoints", "retrievePoints"],
      ["updateVectors", "updateVectors"],
      ["deleteVectors", "deleteVectors"],
      ["batchUpdate", "batchUpdate"],
      ["setPayload", "setPayload"],
      ["overwritePayload", "overwritePayload"],
      ["deletePayload", "deletePayload"],
      ["clearPayload", "clearPayload"],
      ["deletePoints", "deletePoints"],
    ] as const
  ).map(([name, operation]) => [name, asText(operation)] as const),
]);

function asText(operation: Question["operation"]): ToQuestion {
  return ({ collection, params, members }) => {
    const asked = { operation, collection, params };
    const text = bodyText(members);
    return typeof text === "string"
      ? { ...asked, body: text }
      : text.then((body) => ({ ...asked, body }));
  };
}

const upsertAsText = asText("upsertPoints");

/** Plain points never become JSON text; an upsert that says more than its points (conditions, say) is for the engine to read. */
function toUpsert(payload: Payload): Question | Promise<Question> {
  const { collection, params, members } = payload;
  const { points, batch, ...more } = members;
  if (Object.keys(more).length > 0 || (points === undefined) === (batch === undefined))
    return upsertAsText(payload);
  const to = (cut: PointColumns | null): Question | Promise<Question> =>
    cut === null
      ? upsertAsText(payload)
      : { operation: "upsertPoints", collection, params, body: null, points: cut };
  const columns = points === undefined ? batchToColumns(batch) : toColumns(points);
  return columns instanceof Promise ? columns.then(to) : to(columns);
}

/** A plain vector never becomes JSON text. */
function toQuery({ collection, params, members }: Payload): Question {
  const { query, ...more } = members;
  const vector = Array.isArray(query) && query.length > 0 ? toVector(query) : null;
  const asked = { operation: "queryPoints", collection, params } as const;
  return vector === null
    ? { ...asked, body: stringifyPlain(members) }
    : { ...asked, body: stringifyPlain(more), vector };
}

/** One of the client's operations by `road`: what it asks is on its way when the call returns, unless it is much. */
function directly(
  road: DirectRoad,
  toQuestion: ToQuestion,
  operation: ApiOperation,
  viaFetch: ApiOperation,
): ApiOperation {
  return async (payload, init) => {
    if (init !== undefined) return await viaFetch(payload, init);
    const question = toQuestion(toPayload(payload));
    const told = await road(question instanceof Promise ? await question : question);
    const { status, seconds } = told;
    const headers = new Headers({ "content-type": "application/json" });
    if (told.result !== null) {
      const answer = parseAnswer(told.result);
      const result = answer instanceof Promise ? await answer : answer;
      const data = { result, status: "ok", time: seconds };
      return { headers, url, ok: true, status, statusText: "OK", data };
    }
    const body = JSON.stringify({ status: { error: told.refusal }, time: seconds });
    const answered = { status, headers, statusText: STATUS_CODES[status] ?? "" };
    const refusal = async (): Promise<Response> => new Response(body, answered);
    return await fetchingFrom(refusal, () => operation({ collection_name: "" }));
  };
}
