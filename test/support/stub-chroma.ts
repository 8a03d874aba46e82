/** A scripted Chroma server: the answers of both APIs over a list of records, with room for every fault. */
import type { ServerResponse } from "node:http";
import type { StubAnswer, StubHandler, StubRequest } from "./stub.ts";

export interface StubRecord {
  readonly id: string;
  /** null = the record has none; a component may be null, as servers write what is not finite. */
  readonly embedding: readonly (number | null)[] | null;
  readonly document?: string | null;
  readonly metadata?: object | null;
}

export type Intercept = (
  request: StubRequest,
  response: ServerResponse,
) => StubAnswer | "handled" | undefined;

export interface StubChroma {
  readonly api: "v1" | "v2";
  readonly records: readonly StubRecord[];
  readonly version?: string;
  /** Entries of the listing; default: one collection `things`. */
  readonly collections?: readonly object[];
  /** Goes first: an answer instead of the usual one; undefined = the usual one. */
  readonly intercept?: Intercept | undefined;
  /** Embeddings that are missing: left out of the column, as servers before 1.0 do (default), or 500 for the whole page. */
  readonly missing?: "left out" | "500";
}

export const stubKey = "11111111-2222-4333-8444-555555555555";

export const things = {
  id: stubKey,
  name: "things",
  metadata: null,
  configuration_json: { hnsw: { space: "cosine" } },
  dimension: 2,
};

export const internalError: StubAnswer = {
  status: 500,
  body: {
    error: "InternalError",
    message: "Error executing plan: Internal error: Error finding id",
  },
};

/** A handler for `startStub`. */
export function stubChroma(options: StubChroma): StubHandler {
  return (request, response) => {
    const instead = options.intercept?.(request, response);
    if (instead === "handled") return undefined;
    return instead ?? usual(options, request);
  };
}

function usual(options: StubChroma, request: StubRequest): StubAnswer {
  const [path = "", query = ""] = request.path.split("?");
  const root = `/api/${options.api}`;
  if (path === `${root}/heartbeat`) return { body: { "nanosecond heartbeat": 1 } };
  if (path === `${root}/version`) return { body: JSON.stringify(options.version ?? "1.0.0") };
  if (path === `${root}/pre-flight-checks`) return { body: { max_batch_size: 10 } };
  if (path.endsWith("/collections")) {
    const first = !/offset=[1-9]/.test(query);
    return { body: first ? (options.collections ?? [things]) : [] };
  }
  if (path.endsWith(`/${stubKey}/count`)) return { body: String(options.records.length) };
  if (path.endsWith(`/${stubKey}/query`)) return { body: { ids: [[]], distances: [[]] } };
  if (path.endsWith(`/${stubKey}/get`)) return get(options, request.body);
  if (/\/(tenants|databases)\/default_\w+$/.test(path)) return { body: { name: "default" } };
  return { status: 404, body: { error: "NotFoundError", message: `Nothing at ${path}` } };
}

function get(options: StubChroma, body: unknown): StubAnswer {
  const { ids, limit, offset = 0, include = [] } = parseGet(body);
  const chosen =
    ids === undefined
      ? options.records.slice(offset, offset + (limit ?? Number.POSITIVE_INFINITY))
      : options.records.filter(({ id }) => ids.includes(id));
  const withEmbedding = chosen.flatMap(({ embedding }) => (embedding === null ? [] : [embedding]));
  const asked = (name: string, column: unknown[]): unknown =>
    include.includes(name) ? column : null;
  if (
    include.includes("embeddings") &&
    options.missing === "500" &&
    withEmbedding.length < chosen.length
  )
    return internalError;
  return {
    body: {
      ids: chosen.map(({ id }) => id),
      embeddings: asked("embeddings", withEmbedding),
      documents: asked(
        "documents",
        chosen.map(({ document }) => document ?? null),
      ),
      uris: asked(
        "uris",
        chosen.map(() => null),
      ),
      metadatas: asked(
        "metadatas",
        chosen.map(({ metadata }) => metadata ?? null),
      ),
    },
  };
}

interface GetBody {
  readonly ids?: string[];
  readonly limit?: number;
  readonly offset?: number;
  readonly include?: string[];
}

function parseGet(body: unknown): GetBody {
  return typeof body === "object" && body !== null ? body : {};
}
