/** Points over the REST door: written, read by id, in pages, counted, taken away. */
import type { PointColumns } from "../api.ts";
import { canonicalPointId } from "../collection/point-key.ts";
import { badInput, invalid, notFound, notImplemented } from "../errors.ts";
import { idText, pointsText, updated } from "./answer.ts";
import { limitSchema, Members, selectors, toPointId, toSelector } from "./body.ts";
import { type Change, change } from "./change.ts";
import { changingPoints, type Operation, reading } from "./operation.ts";
import { type GivenVectors, toGivenVectors, toVectorColumns } from "./vectors.ts";

const scrollLimitDefault = 10;

function toColumns(
  ids: string[],
  vectors: GivenVectors[],
  payloads: (string | null)[],
): PointColumns {
  if (ids.length === 0) throw badInput("Bad request: Empty update request");
  return { ids, payloads, vectors: toVectorColumns(vectors) };
}

/** `{points: [{id, vector, payload}]}`. */
function fromList(points: readonly string[]): PointColumns {
  const members = points.map((point) => new Members(point));
  const need = (member: Members, name: string): string => {
    const text = member.raw(name);
    if (text === undefined) throw badInput(`Format error in JSON body: missing field \`${name}\``);
    return text;
  };
  return toColumns(
    members.map((member) => toPointId(need(member, "id"))),
    members.map((member) => toGivenVectors(need(member, "vector"))),
    members.map((member) => member.raw("payload") ?? null),
  );
}

/** `{batch: {ids, vectors, payloads}}`; `vectors` may be a list, or a list for each name. */
function fromBatch(text: string): PointColumns {
  const batch = new Members(text);
  const ids = (batch.list("ids") ?? []).map(toPointId);
  const payloads = batch.list("payloads")?.map((payload) => (payload === "null" ? null : payload));
  const vectors = batchVectors(batch, ids.length);
  const unequal = (what: string, count: number) =>
    invalid(
      `Validation error in JSON body: [batch: number of ids and ${what} must be equal (${ids.length} != ${count})]`,
    );
  if (vectors.length !== ids.length) throw unequal("vectors", vectors.length);
  if (payloads !== undefined && payloads.length !== ids.length)
    throw unequal("payloads", payloads.length);
  return toColumns(ids, vectors, payloads ?? ids.map(() => null));
}

function batchVectors(batch: Members, rows: number): GivenVectors[] {
  const text = batch.raw("vectors");
  if (text === undefined) throw badInput("Format error in JSON body: missing field `vectors`");
  if (text.startsWith("[")) return (batch.list("vectors") ?? []).map(toGivenVectors);
  const named = new Members(text);
  const given: GivenVectors[] = Array.from({ length: rows }, () => new Map());
  for (const name of named.names()) {
    const list = named.list(name) ?? [];
    if (list.length !== rows) return list.map(toGivenVectors);
    for (const [row, vector] of list.entries()) {
      for (const components of toGivenVectors(vector).values()) given[row]?.set(name, components);
    }
  }
  return given;
}

/** Writes points over what stands at their ids. */
export const upsertPoints: Change = (host, collection, body) => {
  const batch = body.raw("batch");
  const points = body.list("points");
  if (batch === undefined && points === undefined) {
    throw badInput(
      "Format error in JSON body: data did not match any variant of untagged enum PointInsertOperations",
    );
  }
  for (const condition of ["update_filter", "update_mode"]) {
    if (body.raw(condition) !== undefined)
      throw badInput(`Wrong input: ${condition} is not there yet`);
  }
  host.upsert(collection, batch === undefined ? fromList(points ?? []) : fromBatch(batch));
};

export const deletePoints: Change = (host, collection, body) => {
  const selector = toSelector(body);
  if (selector === null) {
    throw badInput(
      "Format error in JSON body: data did not match any variant of untagged enum PointsSelector",
    );
  }
  host.deletePoints(collection, selector);
};

const retrievePoints: Operation["run"] = (host, request) => {
  const body = Members.of(request);
  const ids = body.list("ids");
  if (ids === undefined) throw badInput("Format error in JSON body: missing field `ids`");
  const options = selectors(body, false);
  const found = host.retrieve(request.collection, ids.map(toPointId), options);
  return pointsText(found, options.withPayload !== false);
};

const getPoint: Operation["run"] = (host, { collection, params }) => {
  const given = params["id"] ?? "";
  const id = canonicalPointId(given);
  if (id === null) throw badInput(`Wrong input: Can not recognize "${given}" as point id`);
  const found = host.retrieve(collection, [id], { withPayload: true, withVector: true });
  if (found.ids.length === 0) throw notFound(`Not found: Point with id ${id} does not exists!`);
  return pointsText(found, true).slice(1, -1);
};

const scrollPoints: Operation["run"] = (host, request) => {
  const body = Members.of(request);
  if (body.raw("order_by") !== undefined) throw notImplemented("order_by");
  const options = selectors(body, true);
  const offset = body.raw("offset");
  const page = host.scroll(request.collection, {
    ...options,
    limit: body.get("limit", limitSchema) ?? scrollLimitDefault,
    filter: body.raw("filter"),
    offset: offset === undefined ? undefined : toPointId(offset),
  });
  const next = page.nextOffset === null ? "null" : idText(page.nextOffset);
  return `{"points":${pointsText(page, options.withPayload !== false)},"next_page_offset":${next}}`;
};

const countPoints: Operation["run"] = (host, request) => {
  const count = host.count(request.collection, Members.of(request).raw("filter"));
  return JSON.stringify({ count });
};

export const pointOperations = {
  upsertPoints: changingPoints((host, request) => {
    const { collection, points } = request;
    if (points === undefined) upsertPoints(host, collection, Members.of(request));
    else host.upsert(collection, points);
    return updated(request);
  }),
  deletePoints: change(deletePoints),
  retrievePoints: reading(retrievePoints),
  getPoint: reading(getPoint),
  scrollPoints: reading(scrollPoints),
  countPoints: reading(countPoints),
};
