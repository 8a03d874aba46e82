/** Points that are written over the REST door: a list of points, or a batch of columns. */
import { z } from "zod";
import type { PointColumns } from "../api.ts";
import type { UpsertConditions } from "../collection/upsert-rows.ts";
import { badInput, breaks, malformed, missing } from "../errors.ts";
import { named } from "../input-words.ts";
import { fields } from "../struct-list.ts";
import { Members, readFilter, refuseNoMap, toPointId } from "./body.ts";
import type { Change } from "./change.ts";
import { readShardKey, refuseShardKey } from "./params.ts";
import { type GivenVectors, toBatchVectors, toGivenVectors, toVectorColumns } from "./vectors.ts";

/** Points as a body gives them. */
interface Rows {
  readonly ids: string[];
  readonly vectors: GivenVectors[];
  readonly payloads: (string | null)[];
}

function toColumns(
  { ids, vectors, payloads }: Rows,
  known: ReadonlyMap<string, unknown>,
): PointColumns {
  if (ids.length === 0) throw badInput("Bad request: Empty update request");
  return { ids, payloads, vectors: toVectorColumns(vectors, known) };
}

const pointFields = fields("id vector payload");
const batchFields = fields("ids vectors payloads");

/** null = none. @throws E_INPUT (400) */
function toPayload(text: string): string | null {
  if (text === "null") return null;
  refuseNoMap(text);
  return text;
}

const unnamedText = "Bad request: Sparse vector from document inference should be named";

/** `{points: [{id, vector, payload}]}`. */
function fromList(points: readonly string[]): Rows {
  const members = points.map((point) =>
    new Members(point, pointFields).parseOthers("id", "vector", "vectors", "payload"),
  );
  const need = (member: Members, name: string): string => member.raw(name) ?? missing(name);
  return {
    ids: members.map((member) => toPointId(need(member, "id"))),
    vectors: members.map((member, row) => {
      const alias = member.raw("vectors");
      if (alias !== undefined && member.raw("vector") !== undefined)
        throw malformed("duplicate field `vector`");
      const vector = alias ?? need(member, "vector");
      return toGivenVectors(vector, `points[${row}].vector`, unnamedText);
    }),
    payloads: members.map((member) => toPayload(member.raw("payload") ?? "null")),
  };
}

/** `{batch: {ids, vectors, payloads}}`. */
function fromBatch(text: string): Rows {
  const batch = new Members(text, batchFields).parseOthers("ids", "vectors", "payloads");
  const ids = (batch.list("ids") ?? missing("ids")).map(toPointId);
  const payloads = batch.list("payloads")?.map(toPayload);
  const vectors = toBatchVectors(batch.raw("vectors") ?? missing("vectors"), ids.length);
  if (payloads !== undefined && payloads.length !== ids.length) {
    breaks(
      `Validation error in JSON body: [batch.batch: number of ids and payloads must be equal (${ids.length} != ${payloads.length})]`,
    );
  }
  return { ids, vectors, payloads: payloads ?? ids.map(() => null) };
}

const updateMode = z.enum(["upsert", "insert_only", "update_only"], {
  error: ({ input }) =>
    `unknown variant \`${typeof input === "string" ? input.slice(0, 40) : named(input)}\`, expected one of \`upsert\`, \`insert_only\`, \`update_only\``,
});

/** Which points a body lets be written. */
function upsertConditions(body: Members): UpsertConditions {
  const filter = readFilter(body, "", "update_filter") ?? undefined;
  return { mode: body.get("update_mode", updateMode), filter };
}

/** Writes points over what stands at their ids. */
export const upsertPoints: Change = (text) => {
  const body = new Members(text).refuseNull("batch").parseOthers("points", "batch");
  const batch = body.raw("batch");
  const points = body.list("points");
  if (batch === undefined && points === undefined)
    throw malformed("Invalid PointInsertOperations format");
  const conditions = upsertConditions(body);
  const rows = batch === undefined ? fromList(points ?? []) : fromBatch(batch);
  const key = readShardKey(body);
  return (host, collection) => {
    const columns = toColumns(rows, host.collection(collection).vectors);
    refuseShardKey(key, "Wrong input");
    host.upsert(collection, columns, conditions);
  };
};
