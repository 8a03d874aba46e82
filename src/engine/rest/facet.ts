/** Facets over the REST door. */
import { z } from "zod";
import { fittingSlots } from "../collection/select.ts";
import { decoded } from "../errors.ts";
import { facet } from "../filter/facet.ts";
import { parsePath, pathText } from "../filter/json-path.ts";
import { Members, readFilter } from "./body.ts";
import { type Operation, reading } from "./operation.ts";
import { readShardKey, refuseShardKey } from "./params.ts";
import { readCount } from "./query-parts.ts";

const limitDefault = 10;

const countValues: Operation["run"] = (host, request) => {
  const body = Members.of(request);
  const path = pathText(parsePath(body.need("key", z.string())));
  const { limit, filter } = decoded(() => ({
    limit: readCount(body, "limit", "facet_request", 1) ?? limitDefault,
    filter: readFilter(body, "facet_request"),
  }));
  // Every count is exact, which fulfils both.
  body.get("exact", z.boolean());
  const key = readShardKey(body);
  const state = host.collection(request.collection);
  const among = fittingSlots(state, filter, "facet_request.filter");
  refuseShardKey(key, "Bad request");
  const hits = facet(state.indexes, path, limit, among).map(({ value, count }) => {
    const text = typeof value === "bigint" ? value.toString() : JSON.stringify(value);
    return `{"value":${text},"count":${count}}`;
  });
  return `{"hits":[${hits.join(",")}]}`;
};

export const facetOperations = { facet: reading(countValues) };
