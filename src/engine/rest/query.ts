/** Questions that rank points over the REST door: `query`, and the older `search`, `recommend` and `discover`; alone, in batches, in groups. */
import { listText } from "../answer-size.ts";
import type { CollectionState } from "../collection/state.ts";
import { decoded, missing, notFound } from "../errors.ts";
import type { Host } from "../host.ts";
import { withinRoom } from "../memory-limit.ts";
import { execute } from "../query/execute.ts";
import type { QueryRequest } from "../query/query.ts";
import { type FindCollection, resolve, resolveAll } from "../query/resolve.ts";
import { fields } from "../struct-list.ts";
import { Members } from "./body.ts";
import { type Operation, reading } from "./operation.ts";
import { readShardKey, refuseShardKey } from "./params.ts";
import { hitsText } from "./query-answer.ts";
import { readQueryRequest } from "./query-body.ts";
import { groupsText, readLegacyGrouping, readQueryGrouping } from "./query-groups.ts";
import {
  needExamples,
  type ReadLegacy,
  readDiscover,
  readRecommend,
  readSearch,
} from "./query-legacy.ts";
import type { RestRequest } from "./request.ts";

/** Other collections that a query names. */
function finder(host: Host): FindCollection {
  return (name) => {
    if (!host.collectionExists(name)) throw notFound(`Not found: Collection ${name} not found`);
    return host.collection(name);
  };
}

function answer(host: Host, state: CollectionState, request: QueryRequest): string {
  const hits = execute(state, resolve(state, request, finder(host)));
  return hitsText(state, hits, request);
}

type Read = (body: Members, at: string) => QueryRequest;

/** A question whose vector was handed over beside its body. */
function withVector(wanted: QueryRequest, { vector }: RestRequest): QueryRequest {
  if (vector === undefined) return wanted;
  const input = { kind: "vector", vector: { kind: "dense", data: vector } } as const;
  return { ...wanted, query: { kind: "nearest", input, mmr: null } };
}

/** What a body asks, and the collection that it asks. @throws E_INPUT, E_COLLECTION_NOT_FOUND */
function asked<Wanted>(
  host: Host,
  { collection }: RestRequest,
  bodies: readonly Members[],
  read: () => Wanted,
): { state: CollectionState; wanted: Wanted } {
  const [wanted, keys] = decoded(() => [read(), bodies.map(readShardKey)] as const);
  const state = host.collection(collection);
  for (const key of keys) refuseShardKey(key, "Bad request");
  return { state, wanted };
}

/** Looks at a question once the collection is known. @throws E_INPUT */
type Check = (wanted: QueryRequest) => void;

function one(read: Read, wrap: (points: string) => string, check?: Check): Operation {
  return reading((host, request) => {
    const body = Members.of(request);
    const { state, wanted } = asked(host, request, [body], () => read(body, ""));
    check?.(wanted);
    return wrap(answer(host, state, withVector(wanted, request)));
  });
}

const searchesFields = fields("searches");

function many(read: Read, wrap: (points: string) => string, check?: Check): Operation {
  return reading((host, request) => {
    const searches = Members.of(request, searchesFields).list("searches") ?? missing("searches");
    const bodies = searches.map((text) => new Members(text));
    const { state, wanted } = asked(host, request, bodies, () =>
      bodies.map((body, at) => read(body, `searches[${at}].`)),
    );
    for (const each of wanted) check?.(each);
    const resolved = resolveAll(state, wanted, finder(host)).values();
    const answers = function* (): Generator<string> {
      for (const each of wanted) {
        const { value } = resolved.next();
        if (value !== undefined)
          yield withinRoom(() => wrap(hitsText(state, execute(state, value), each)));
      }
    };
    return listText(answers());
  });
}

const readQuery: Read = (body, at) => readQueryRequest(body, `${at}internal`);
const inPoints = (points: string): string => `{"points":${points}}`;
const bare = (points: string): string => points;
const legacy =
  (read: ReadLegacy): Read =>
  (body, at) =>
    read(body, at, true);

function groups(read: typeof readQueryGrouping): Operation {
  return reading((host, request) => {
    const body = Members.of(request);
    const { state, wanted } = asked(host, request, [body], () => read(body));
    return groupsText(state, wanted, finder(host));
  });
}

export const queryOperations = {
  queryPoints: one(readQuery, inPoints),
  queryBatch: many(readQuery, inPoints),
  queryGroups: groups(readQueryGrouping),
  search: one(legacy(readSearch), bare),
  searchBatch: many(legacy(readSearch), bare),
  searchGroups: groups(readLegacyGrouping(readSearch, "search_group_request")),
  recommend: one(legacy(readRecommend), bare, needExamples),
  recommendBatch: many(legacy(readRecommend), bare, needExamples),
  recommendGroups: groups(readLegacyGrouping(readRecommend, "recommend_group_request")),
  discover: one(legacy(readDiscover), bare, needExamples),
  discoverBatch: many(legacy(readDiscover), bare, needExamples),
};
