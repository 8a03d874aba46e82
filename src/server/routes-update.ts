/** Routes that change points. */
import type { Context, Hono } from "hono";
import { z } from "zod";
import { badInput, type Engine, invalid, type PointColumns } from "../engine/index.ts";
import { ok, type Timed } from "./answer.ts";
import { Members, toPointId, toSelector } from "./body.ts";
import { nextOperation } from "./followed.ts";
import { collectionName, waits } from "./params.ts";
import { type GivenVectors, toGivenVectors, toVectorColumns } from "./vectors.ts";

/** The answer to a change: the engine acknowledges what is on disk, whether the caller waits or not. */
export function updated(c: Context<Timed>, wait: boolean): Response {
  const status = wait ? "completed" : "acknowledged";
  return ok(c, JSON.stringify({ operation_id: nextOperation(), status }));
}

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

export function addUpdateRoutes(app: Hono<Timed>, engine: Engine): void {
  app.put("/collections/:collection/points", async (c) => {
    const wait = waits(c);
    const body = await Members.read(c);
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
    await engine.upsert(
      collectionName(c),
      batch === undefined ? fromList(points ?? []) : fromBatch(batch),
    );
    return updated(c, wait);
  });
  app.post("/collections/:collection/points/delete", async (c) => {
    const wait = waits(c);
    const selector = toSelector(await Members.read(c));
    if (selector === null) {
      throw badInput(
        "Format error in JSON body: data did not match any variant of untagged enum PointsSelector",
      );
    }
    await engine.deletePoints(collectionName(c), selector);
    return updated(c, wait);
  });
  addPayloadRoutes(app, engine);
}

function needSelector(body: Members) {
  const selector = toSelector(body);
  if (selector === null) {
    throw badInput(
      "Format error in JSON body: Either list of point ids or filter must be provided",
    );
  }
  return selector;
}

function addPayloadRoutes(app: Hono<Timed>, engine: Engine): void {
  const set = (overwrite: boolean) => async (c: Context<Timed>) => {
    const wait = waits(c);
    const body = await Members.read(c);
    const payload = body.raw("payload");
    if (payload === undefined) throw badInput("Format error in JSON body: missing field `payload`");
    const key = body.get("key", z.string());
    const options = { overwrite, ...(key === undefined ? {} : { key }) };
    await engine.setPayload(collectionName(c), needSelector(body), payload, options);
    return updated(c, wait);
  };
  app.post("/collections/:collection/points/payload", set(false));
  app.put("/collections/:collection/points/payload", set(true));
  app.post("/collections/:collection/points/payload/delete", async (c) => {
    const wait = waits(c);
    const body = await Members.read(c);
    const keys = body.need("keys", z.array(z.string()));
    await engine.deletePayload(collectionName(c), needSelector(body), keys);
    return updated(c, wait);
  });
  app.post("/collections/:collection/points/payload/clear", async (c) => {
    const wait = waits(c);
    await engine.clearPayload(collectionName(c), needSelector(await Members.read(c)));
    return updated(c, wait);
  });
}
