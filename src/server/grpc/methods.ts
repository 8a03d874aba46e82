/** The methods of Qdrant's gRPC services that are answered. */
import {
  badInput,
  type CallOptions,
  type ChangeStatus,
  type Engine,
  invalid,
  nameFault,
  secondsDefault,
} from "../../engine/index.ts";
import type { VectorError } from "../../errors.ts";
import {
  decodeCreate,
  decodeName,
  decodeRemoval,
  encodeDescription,
  encodeDone,
  encodeExists,
  encodeList,
} from "../../wire/collections.ts";
import type { PayloadSelector, VectorSelector } from "../../wire/columns.ts";
import { decodeCount, encodeCountAnswer } from "../../wire/count.ts";
import { decodeDelete } from "../../wire/delete.ts";
import { decodeIndexCreation, decodeIndexRemoval } from "../../wire/field-index.ts";
import { decodeGet, encodeGetAnswer } from "../../wire/get.ts";
import { encodeHealth } from "../../wire/health.ts";
import {
  decodeQuery,
  decodeSearch,
  encodeQueryAnswer,
  type QueryRequest,
} from "../../wire/query.ts";
import { decodeScroll, encodeScrollAnswer } from "../../wire/scroll.ts";
import { decodeUpsert, encodeUpdateAnswer } from "../../wire/upsert.ts";
import { followed, nextOperation } from "../followed.ts";
import type { Call, Method, Methods } from "./calls.ts";
import { queryPoints } from "./query.ts";
import { codes, refusal } from "./status.ts";

const scrollLimitDefault = 10;
const queryLimitDefault = 10;
/** More points than a collection has; callers say up to 2^64 − 1 where they mean all. */
const rowsMax = 2 ** 32;

/** grpc.health.v1.HealthCheckResponse: a frame with field 1, `status`, at SERVING. */
const serving = Buffer.from([0, 0, 0, 0, 2, 0x08, 1]);

export function createMethods(engine: Engine): Methods {
  return new Map([
    ["/grpc.health.v1.Health/Check", { reads: true, open: true, run: async () => serving }],
    [
      "/qdrant.Qdrant/HealthCheck",
      { reads: true, open: true, run: async () => encodeHealth(followed) },
    ],
    ...below("/qdrant.Collections/", collectionMethods(engine)),
    ...below("/qdrant.Points/", pointMethods(engine)),
  ]);
}

function below(prefix: string, methods: Readonly<Record<string, Method>>): [string, Method][] {
  return Object.entries(methods).map(([name, method]) => [prefix + name, method]);
}

/** A method on a collection: how its message is read, and what is done. */
function method<Request extends { readonly collection: string }>(
  reads: boolean,
  decode: (message: Uint8Array) => Request,
  run: (request: Request, call: Call) => Promise<Uint8Array>,
): Method {
  return {
    reads,
    run: async (message, call) => {
      const request = decoded(decode, message);
      const fault = nameFault(request.collection);
      if (fault !== null) throw bodyFault(`collection_name: ${fault}`);
      return run(request, call);
    },
  };
}

/** @throws E_INPUT with the call's status where the bytes are no message */
function decoded<Request>(decode: (message: Uint8Array) => Request, message: Uint8Array): Request {
  try {
    return decode(message);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw refusal(codes.internal, `failed to decode Protobuf message: ${error.message}`);
  }
}

function emptyUpdate(): VectorError {
  return badInput("Bad request: Empty update request");
}

function bodyFault(fault: string): VectorError {
  return invalid(`Validation error in body: [${fault}]`);
}

const decodeNamed = (message: Uint8Array) => ({ collection: decodeName(message) });

function collectionMethods(engine: Engine): Record<string, Method> {
  return {
    Create: method(false, decodeCreate, async ({ collection, config }, call) => {
      await engine.createCollection(collection, config, call);
      return encodeDone(true, call.seconds());
    }),
    CollectionExists: method(true, decodeNamed, async ({ collection }, call) =>
      encodeExists(await engine.collectionExists(collection, call), call.seconds()),
    ),
    Get: method(true, decodeNamed, async ({ collection }, call) =>
      encodeDescription(await engine.describeCollection(collection, call), call.seconds()),
    ),
    List: {
      reads: true,
      run: async (_, call) => encodeList(await engine.listCollections(call), call.seconds()),
    },
    Delete: method(false, decodeRemoval, async ({ collection, timeout }, call) => {
      checkTimeout(timeout);
      return encodeDone(await engine.deleteCollection(collection, call), call.seconds());
    }),
  };
}

function pointMethods(engine: Engine): Record<string, Method> {
  return {
    Upsert: method(false, decodeUpsert, async ({ collection, points, mode, ...request }, call) => {
      if (points.ids.length === 0) throw emptyUpdate();
      const options = { ...waiting(request, call), mode };
      return changed(await engine.upsert(collection, points, options), request, call);
    }),
    Delete: method(false, decodeDelete, async ({ collection, selector, ...request }, call) => {
      if (selector === null) throw badInput("PointSelector is missing");
      if ("ids" in selector && selector.ids.length === 0) throw emptyUpdate();
      const status = await engine.deletePoints(collection, selector, waiting(request, call));
      return changed(status, request, call);
    }),
    CreateFieldIndex: method(
      false,
      decodeIndexCreation,
      async ({ collection, path, schema, ...request }, call) => {
        await engine.createPayloadIndex(collection, path, schema, waiting(request, call));
        return changed("completed", request, call);
      },
    ),
    DeleteFieldIndex: method(
      false,
      decodeIndexRemoval,
      async ({ collection, path, ...request }, call) => {
        await engine.deletePayloadIndex(collection, path, waiting(request, call));
        return changed("completed", request, call);
      },
    ),
    Get: method(true, decodeGet, async ({ collection, ids, ...request }, call) => {
      const points = await engine.retrieve(collection, ids, reading(request, call));
      return encodeGetAnswer(points, call.seconds());
    }),
    Scroll: method(true, decodeScroll, async ({ collection, ...request }, call) => {
      const { filter, offset } = request;
      const limit = atLeastOne(request.limit ?? scrollLimitDefault);
      const withPayload = request.withPayload ?? true;
      const options = { ...reading(request, call), withPayload, filter, offset, limit };
      const page = await engine.scroll(collection, options);
      return encodeScrollAnswer(page, call.seconds());
    }),
    Count: method(true, decodeCount, async ({ collection, filter, timeout }, call) => {
      const count = await engine.count(collection, filter, asking(timeout, call));
      return encodeCountAnswer(count, call.seconds());
    }),
    Query: method(true, decodeQuery, (request, call) =>
      query(engine, { ...request, limit: request.limit ?? queryLimitDefault }, call),
    ),
    // The older message has no default: a limit that is not said is 0 there, and refused.
    Search: method(true, decodeSearch, (request, call) =>
      query(engine, { ...request, limit: request.limit ?? 0 }, call),
    ),
  };
}

async function query(
  engine: Engine,
  request: QueryRequest & { readonly limit: number },
  call: Call,
): Promise<Uint8Array> {
  const { collection, nearest, using, filter, scoreThreshold } = request;
  const limit = atLeastOne(request.limit);
  checkTimeout(request.timeout);
  const offset = Math.min(request.offset, rowsMax);
  const options = { ...reading(request, call), using, filter, offset, scoreThreshold, limit };
  const points = await queryPoints(engine, collection, nearest, options);
  return encodeQueryAnswer(points, call.seconds());
}

interface Waiting {
  readonly wait: boolean;
  readonly timeout: number | undefined;
}

function waiting({ wait, timeout }: Waiting, { signal }: Call): CallOptions {
  return { signal, timeoutSeconds: wait ? timeout : undefined };
}

/** The engine acknowledges what is on disk, whether the caller waits or not: `wait` decides only the word. */
function changed(made: ChangeStatus, { wait }: Waiting, call: Call): Uint8Array {
  const status = wait ? made : "acknowledged";
  return encodeUpdateAnswer({ operationId: nextOperation(), status }, call.seconds());
}

/** A question goes no further when nobody waits for its answer any more. */
function asking(timeout: number | undefined, { signal, deadlineSeconds }: Call): CallOptions {
  // The deadline has an answer of its own, which is to come first.
  return { signal, timeoutSeconds: Math.min(timeout ?? secondsDefault, deadlineSeconds + 1) };
}

interface Selectors {
  readonly timeout: number | undefined;
  readonly withPayload: PayloadSelector | undefined;
  readonly withVector: VectorSelector | undefined;
}

/** What to read of points: nothing that was not asked for. (Payload in a scroll is the exception, as at Qdrant's server.) */
function reading({ withPayload, withVector, timeout }: Selectors, call: Call) {
  return {
    ...asking(timeout, call),
    withPayload: withPayload ?? false,
    withVector: withVector ?? false,
  };
}

function atLeastOne(limit: number): number {
  if (limit >= 1) return Math.min(limit, rowsMax);
  throw bodyFault(`limit: value ${limit} invalid, must be 1 or larger`);
}

/** Only some messages are checked for it; others may say 0, as at Qdrant's server. */
function checkTimeout(timeout: number | undefined): void {
  if (timeout === 0) throw bodyFault("timeout: value 0 invalid, must be 1 or larger");
}
