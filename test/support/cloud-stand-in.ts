/**
 * A stand-in for Chroma Cloud: a real local server behind the quotas, the faults and the shapes that users of the Cloud
 * have met and noted. Nobody's account is needed, and nothing here proves what the Cloud itself does.
 */
import type { ServerResponse } from "node:http";
import { parseLossless, stringifyLossless } from "../../src/util/json.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { type CollectionEntry, cloudCollections } from "./cloud-shapes.ts";
import { type Stub, type StubAnswer, type StubRequest, startStub } from "./stub.ts";

/** Stands in a stored text where the Cloud would hold a sparse vector, which no local server takes. */
export const sparseHere = "a sparse vector";
export const sparseVector =
  '{"#type":"sparse_vector","indices":[3,17,4000000000],"values":[0.25,1.5,0.1]}';

export interface CloudKey {
  readonly key: string;
  /** What the identity says; "*" = of all. */
  readonly tenant: string;
  readonly databases: readonly string[];
}

/** What the stand-in does; may be changed while it runs. */
export interface CloudRules {
  /** Rows that a call may ask for. */
  rowsMax: number;
  /** The refusal of more. */
  overQuota(what: string, usage: number, limit: number): StubAnswer;
  /** Reads at once that are answered; the others meet 429. */
  readsMax: number;
  /** Chances that a read meets a 429, or a 503; neither says how long to wait. */
  busy: number;
  unavailable: number;
  /** Chance that a page of a listing has fewer rows than were asked for. */
  shortPage: number;
  /** The answer to a key of somebody else's. */
  stranger: StubAnswer;
  /** Whether it takes writes: else they are faults of a run that only reads. */
  writes: boolean;
  /** Goes first at every `get`; an answer stands for the usual one. It may wait. */
  beforeGet(body: GetBody): StubAnswer | undefined | Promise<StubAnswer | undefined>;
}

export interface GetBody {
  readonly ids?: string[];
  readonly limit?: number;
  readonly offset?: number;
  readonly include?: string[];
}

interface OtherBody {
  readonly ids?: string[];
  readonly n_results?: number;
  readonly where?: unknown;
}

const predicatesMax = 8;

/** Conditions in a `where`, at any depth. */
function predicatesIn(where: unknown): number {
  if (typeof where !== "object" || where === null) return 0;
  return Object.entries(where).reduce(
    (sum, [key, value]) =>
      sum +
      (Array.isArray(value) && (key === "$and" || key === "$or")
        ? value.reduce((inner: number, clause) => inner + predicatesIn(clause), 0)
        : 1),
    0,
  );
}

export interface CloudStandIn extends AsyncDisposable {
  readonly url: string;
  readonly rules: CloudRules;
  readonly requests: Stub["requests"];
  /** Bodies of the gets that were let through to the server. */
  readonly gets: GetBody[];
  /** Statuses of the answers, counted. */
  readonly statuses: Map<number, number>;
  /** Requests at once, at most, so far. */
  inFlightMax(): number;
}

export interface CloudOptions {
  readonly upstream: string;
  readonly keys: readonly CloudKey[];
  readonly rules?: Partial<CloudRules>;
  readonly tls?: { key: string; cert: string };
  readonly seed?: number;
}

/** The words of the Cloud, as its users have them in their logs. */
export const quotaWords: CloudRules["overQuota"] = (what, usage, limit) => ({
  status: 422,
  body: {
    error: "ChromaError",
    message: `Quota exceeded: '${what}' exceeded quota limit for action 'Get': current usage of ${usage} exceeds limit of ${limit}`,
  },
});

export const tooMany: StubAnswer = {
  status: 429,
  body: { error: "ChromaError", message: "Too many requests; backoff and try again" },
};
const unavailable: StubAnswer = { status: 503, body: { error: "ChromaError", message: "" } };
const unauthorized: StubAnswer = {
  status: 401,
  body: { error: "ChromaError", message: "Unauthorized" },
};
const denied: StubAnswer = {
  status: 403,
  body: { error: "ChromaError", message: "Permission denied." },
};

/** Long enough that requests which are sent together are seen together. */
const latencyMs = 3;

export async function startCloud(options: CloudOptions): Promise<CloudStandIn> {
  const { upstream, keys, tls, seed = 1 } = options;
  const random = seededRandom(seed);
  const rules: CloudRules = {
    rowsMax: 300,
    overQuota: quotaWords,
    readsMax: 10,
    busy: 0,
    unavailable: 0,
    shortPage: 0,
    stranger: denied,
    writes: false,
    beforeGet: () => undefined,
    ...options.rules,
  };
  const gets: GetBody[] = [];
  const statuses = new Map<number, number>();
  let inFlight = 0;
  let inFlightMax = 0;

  const stub = await startStub(async (request, response) => {
    inFlight += 1;
    inFlightMax = Math.max(inFlightMax, inFlight);
    onceClosed(response, () => {
      inFlight -= 1;
    });
    const answer = await answerTo(request);
    const { status = 200 } = answer;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    return answer;
  }, tls);

  async function answerTo(request: StubRequest): Promise<StubAnswer> {
    await new Promise((resolve) => setTimeout(resolve, latencyMs));
    const path = request.path.replace(/\?.*/, "");
    if (path === "/api/v2/heartbeat") return pass(request);
    if (path === "/api/v2/pre-flight-checks")
      return { body: { max_batch_size: 1000, supports_base64_encoding: true } };
    const key = keys.find((one) => one.key === request.headers["x-chroma-token"]);
    if (key === undefined) return unauthorized;
    if (path === "/api/v2/auth/identity")
      return { body: { user_id: "u", tenant: key.tenant, databases: key.databases } };
    const refused = refusal(key, path, request);
    if (refused !== null) return refused;
    if (random() < rules.busy || inFlight > rules.readsMax) return tooMany;
    if (random() < rules.unavailable) return unavailable;
    if (path.endsWith("/get")) return get(request);
    const over = overOtherQuota(path, request.body);
    if (over !== null) return over;
    // As text: an answer that was decoded has lost its large integers.
    if (path.endsWith("/query")) return pass(request, true);
    if (request.method === "DELETE") await emptied(path);
    const answer = await pass(request);
    const isListing =
      request.method === "GET" && path.endsWith("/collections") && answer.status === 200;
    return isListing ? { body: cloudCollections(answer.body as CollectionEntry[]) } : answer;
  }

  function refusal(key: CloudKey, path: string, { method }: StubRequest): StubAnswer | null {
    const [, tenant, database] =
      /^\/api\/v2\/tenants\/([^/]+)(?:\/databases\/([^/]+))?/.exec(path) ?? [];
    if (tenant === undefined) return { status: 404, body: "" };
    if (key.tenant !== "*" && key.tenant !== decodeURIComponent(tenant)) return rules.stranger;
    const mine = database === undefined || key.databases.includes(decodeURIComponent(database));
    if (!mine && !key.databases.includes("*")) return rules.stranger;
    const reads = method === "GET" || /\/(get|query|count)$/.test(path);
    return reads || rules.writes ? null : { status: 500, body: "A read-only run has written." };
  }

  /** A local server leaves the lists of a dropped collection to whatever is written later; the records go first. */
  async function emptied(path: string): Promise<void> {
    const base = path.slice(0, path.lastIndexOf("/"));
    const { body } = await pass({ method: "GET", path, headers: {} } as StubRequest);
    const { id } = body as { readonly id?: string };
    const post = (verb: string, sent: object) =>
      pass({ method: "POST", path: `${base}/${id}/${verb}`, body: sent } as StubRequest);
    const all = await post("get", { include: [] });
    const { ids = [] } = all.body as { readonly ids?: string[] };
    if (ids.length === 0) return;
    await post("delete", { ids });
    await post("get", { limit: 1, include: [] });
  }

  /** Of what is written, and of a query. */
  function overOtherQuota(path: string, body: unknown): StubAnswer | null {
    const { rowsMax } = rules;
    const { ids, n_results, where } = (body ?? {}) as OtherBody;
    if (/\/(add|upsert|update|delete)$/.test(path) && ids !== undefined && ids.length > rowsMax)
      return rules.overQuota("Number of records", ids.length, rowsMax);
    if (n_results !== undefined && n_results > rowsMax)
      return rules.overQuota("Number of results", n_results, rowsMax);
    const predicates = predicatesIn(where);
    return predicates > predicatesMax
      ? rules.overQuota("Number of where predicates", predicates, predicatesMax)
      : null;
  }

  async function get(request: StubRequest): Promise<StubAnswer> {
    const body = request.body as GetBody;
    const instead = await rules.beforeGet(body);
    if (instead !== undefined) return instead;
    const { rowsMax } = rules;
    const { ids, limit } = body;
    const predicates = predicatesIn((body as OtherBody).where);
    if (predicates > predicatesMax)
      return rules.overQuota("Number of where predicates", predicates, predicatesMax);
    if (limit !== undefined && limit > rowsMax)
      return rules.overQuota("Limit value", limit, rowsMax);
    if (ids !== undefined && ids.length > rowsMax)
      return rules.overQuota("Number of IDs to filter by in a query", ids.length, rowsMax);
    gets.push(body);
    // Without a limit the Cloud answers what the quota lets through, and says nothing of the rest.
    const capped = Math.min(limit ?? rowsMax, rowsMax);
    const short = ids === undefined && capped > 1 && random() < rules.shortPage;
    const rows = short ? 1 + Math.floor(random() * (capped - 1)) : capped;
    // The limit alone is changed: integers in a where keep their digits.
    const sent = parseLossless(request.text ?? JSON.stringify(body));
    const text = stringifyLossless({ ...(sent as object), limit: BigInt(rows) });
    const answer = await pass({ ...request, text }, true);
    return { ...answer, body: String(answer.body).replaceAll(`"${sparseHere}"`, sparseVector) };
  }

  async function pass(
    { method, path, body, text: sent }: StubRequest,
    asText = false,
  ): Promise<StubAnswer> {
    const response = await fetch(upstream + path, {
      method,
      headers: { "content-type": "application/json" },
      // As it came: a body that was decoded has lost its large integers.
      ...(body === undefined ? {} : { body: sent ?? JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: asText || text === "" ? text : JSON.parse(text) };
  }

  return {
    url: stub.url,
    rules,
    requests: stub.requests,
    gets,
    statuses,
    inFlightMax: () => inFlightMax,
    [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose](),
  };
}

/** Whatever ends an answer: that it is sent, or that nobody waits for it any more. */
function onceClosed(response: ServerResponse, run: () => void): void {
  response.once("close", run);
}
