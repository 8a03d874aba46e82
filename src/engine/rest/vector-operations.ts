/** Changes of vectors alone, and of a collection's vector names, over the REST door. */
import { z } from "zod";
import { isVectorError } from "../../errors.ts";
import { parseSigned } from "../../util/json.ts";
import { plain, vectorNameFault } from "../collection/config-parts.ts";
import { newVectorSchema } from "../collection/config-schema.ts";
import { toSparseParams, toVectorParams } from "../collection/vector-config.ts";
import type { NewVector, VectorRows } from "../collection/write-vectors.ts";
import { badInput, breaks, invalid, late, malformed, missing } from "../errors.ts";
import { fields } from "../struct-list.ts";
import { updated } from "./answer.ts";
import { bodyText, Members, readFilter, toPointId } from "./body.ts";
import { type Change, change, changes } from "./change.ts";
import { changingCollections, type Operation } from "./operation.ts";
import { readShardKey, refuseShardKey } from "./params.ts";
import { readSelected, selectedPoints } from "./points-selector.ts";
import type { RestRequest } from "./request.ts";
import { type GivenVectors, toUpdatedVectors, toVectorColumns } from "./vectors.ts";

interface GivenRow {
  readonly id: string;
  readonly vectors: GivenVectors;
}

const rowFields = fields("id vector");
const updateFields = fields("points shard_key? update_filter?");
const deleteFields = fields("points filter vector shard_key?");

const unnamedText = "Direct Document processing not supported for PointVectors. Use named vectors.";

/** `{points: [{id, vector}]}`. */
function readRows(points: readonly string[]): GivenRow[] {
  if (points.length === 0)
    breaks("Validation error in JSON body: [points: must specify points to update]");
  return points.map((text, row) => {
    const point = new Members(text, rowFields);
    const id = point.raw("id");
    const vector = point.raw("vector") ?? point.raw("vectors");
    if (id === undefined) missing("id");
    if (vector === undefined) missing("vector");
    if (/^(\[\s*\]|\{\s*\})$/.test(vector)) {
      breaks(
        `Validation error in JSON body: [points[${row}].vector: must specify vectors to update for point]`,
      );
    }
    return { id: toPointId(id), vectors: toUpdatedVectors(vector, `points[${row}]`, unnamedText) };
  });
}

function toColumns(rows: readonly GivenRow[], known: ReadonlyMap<string, unknown>): VectorRows {
  return {
    ids: rows.map(({ id }) => id),
    columns: (some) =>
      toVectorColumns(
        some.map((row) => rows[row]?.vectors ?? new Map()),
        known,
      ),
  };
}

/** Writes vectors of points that are there. */
export const updateVectors: Change = (text) => {
  const body = new Members(text, updateFields);
  const rows = readRows(body.list("points") ?? missing("points"));
  const filter = readFilter(body, "", "update_filter") ?? undefined;
  const key = readShardKey(body);
  return (host, collection) => {
    refuseShardKey(key, "Wrong input");
    try {
      const { vectors } = host.collection(collection);
      host.updateVectors(collection, toColumns(rows, vectors), filter);
    } catch (error) {
      // In an upsert a server looks at dimensions at once, and here when it writes.
      throw isVectorError(error, "E_INPUT") ? late(error) : error;
    }
  };
};

/** Takes vectors away by name. */
export const deleteVectors: Change = (text) => {
  const body = new Members(text, deleteFields);
  const member = body.raw("vector") === undefined && body.raw("vectors") !== undefined;
  const names = body.need(member ? "vectors" : "vector", z.array(z.string()));
  if (names.length === 0) {
    breaks("Validation error in JSON body: [vector: must specify vector names to delete]");
  }
  const selected = readSelected(body, "");
  return (host, collection) => {
    if (selected === null) throw badInput("Bad request: No filter or points provided");
    host.deleteVectors(collection, selectedPoints(selected), names);
  };
};

/** The name in the path. @throws E_INPUT (422) */
function vectorName({ params }: RestRequest): string {
  const name = params["vector_name"] ?? "";
  const fault = vectorNameFault(name);
  if (fault === null) return name;
  throw invalid(`Validation error in path parameters: [vector_name: ${fault}]`);
}

const sizeMax = 65536;

function toNewVector(text: string): NewVector {
  const result = newVectorSchema.safeParse(plain(parseSigned(text)));
  if (!result.success) {
    throw malformed("data did not match any variant of untagged enum VectorNameConfig");
  }
  if ("sparse" in result.data) {
    const { modifier, datatype } = result.data.sparse;
    if (datatype === "turbo4") {
      throw invalid(
        "Validation error in JSON body: [sparse.datatype: sparse vectors do not support the `turbo4` datatype]",
      );
    }
    const index = datatype === undefined || datatype === null ? null : { datatype };
    return { sparse: toSparseParams({ index, modifier }, "sparse") };
  }
  const { size } = result.data.dense;
  if (size < 1 || size > sizeMax) {
    throw invalid(
      `Validation error in JSON body: [dense.size: value ${size} invalid, must be from 1 to ${sizeMax}]`,
    );
  }
  return { dense: toVectorParams(result.data.dense, "dense") };
}

const createVectorName: Operation["run"] = (host, request) => {
  const name = vectorName(request);
  const vector = toNewVector(bodyText(request));
  changes(host, request).addVectorName(request.collection, name, vector);
  return updated(request);
};

const deleteVectorName: Operation["run"] = (host, request) => {
  host.removeVectorName(request.collection, vectorName(request));
  return updated(request);
};

export const vectorOperations = {
  createVectorName: changingCollections(createVectorName),
  deleteVectorName: changingCollections(deleteVectorName),
  updateVectors: change(updateVectors),
  deleteVectors: change(deleteVectors),
};
