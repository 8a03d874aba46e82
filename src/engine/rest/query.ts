/** Questions that rank points over the REST door: `query`, and the older `search`, `recommend` and `discover`; alone, in batches, in groups. */
import { listText } from "../answer-size.ts";
import type { CollectionState } from "../collection/state.ts";
import { decoded, missing, notFound } from "../errors.ts";
import type { Host } from "../host.ts";
import { withinRoom } from "../memory-limit.ts";
import { execute } from "../query/execute.ts";
import type { QueryRequest } from "../query/query.ts";
import { type FindCollection, resolve, resolveAll } from "../query/resolve.ts";
import { Members } from "./body.ts";
import { type Operation, reading } from "./operation.ts";
import { hitsText } from "./query-answer.ts";
import { questionBody, readQueryRequest } from "./query-body.ts";
import { groupsText, readLegacyGrouping, readQueryGrouping } from "./query-groups.ts";
import { type ReadLegacy, readDiscover, readRecommend, readSearch } from "./query-legacy.ts";
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

function one(read: Read, wrap: (points: string) => string): Operation {
  return reading((host, request) => {
    const wanted = withVector(
      decoded(() => read(questionBody(request), "")),
      request,
    );
    return wrap(answer(host, host.collection(request.collection), wanted));
  });
}

function many(read: Read, wrap: (points: string) => string): Operation {
  return reading((host, request) => {
    const wanted = decoded(() => {
      const searches = questionBody(request).list("searches") ?? missing("searches");
      return searches.map((text, at) => read(new Members(text), `searches[${at}].`));
    });
    const state = host.collection(request.collection);
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
    const wanted = decoded(() => read(questionBody(request)));
    return groupsText(host.collection(request.collection), wanted, finder(host));
  });
}

export const queryOperations = {
  queryPoints: one(readQuery, inPoints),
  queryBatch: many(readQuery, inPoints),
  queryGroups: groups(readQueryGrouping),
  search: one(legacy(readSearch), bare),
  searchBatch: many(legacy(readSearch), bare),
  searchGroups: groups(readLegacyGrouping(readSearch, "search_group_request")),
  recommend: one(legacy(readRecommend), bare),
  recommendBatch: many(legacy(readRecommend), bare),
  recommendGroups: groups(readLegacyGrouping(readRecommend, "recommend_group_request")),
  discover: one(legacy(readDiscover), bare),
  discoverBatch: many(legacy(readDiscover), bare),
};
