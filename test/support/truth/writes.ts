/** Requests that change points: both forms of upsert, payloads, vectors, deletions, and batches of them. */
import { type Body, type Draw, digits } from "./draw.ts";
import { drawFilter } from "./filters.ts";
import { drawChanges, drawField, drawPayload, removedKeys, targetKeys } from "./payloads.ts";
import { drawId, drawVector, drawVectors, knownId, type Shape } from "./shapes.ts";

type Members = { readonly [key: string]: Body };

export interface DrawnWrite {
  readonly method: "PUT" | "POST";
  /** Below the collection's path. */
  readonly path: string;
  readonly body: Members;
}

/** Points by their ids, or by a filter. */
function selector(draw: Draw, shape: Shape, few = false): Members {
  return draw.chance(0.7)
    ? { points: draw.list(1, few ? 3 : 8, () => digits(knownId(draw, shape))) }
    : { filter: drawFilter(draw, shape, 1) };
}

/** Ids, none twice: which of two rows of one id wins is not promised. */
function newIds(draw: Draw, shape: Shape): string[] {
  const ids = [...new Set(draw.list(1, 12, () => drawId(draw)))];
  for (const id of ids) shape.ids.add(id);
  return ids;
}

function upsertList(draw: Draw, shape: Shape): Members {
  return {
    points: newIds(draw, shape).map((id) => ({
      id: digits(id),
      vector: drawVectors(draw, shape),
      ...draw.maybe(0.9, { payload: () => drawPayload(draw) }),
    })),
  };
}

function upsertColumns(draw: Draw, shape: Shape): Members {
  const ids = newIds(draw, shape);
  const [only] = shape.vectors;
  const unnamed = only && shape.vectors.length === 1 && only.name === "" ? only : undefined;
  const vectors = unnamed
    ? ids.map(() => drawVector(draw, unnamed))
    : Object.fromEntries(
        draw.some(shape.vectors, 1).map((one) => [one.name, ids.map(() => drawVector(draw, one))]),
      );
  const payloads = () => ids.map(() => (draw.chance(0.8) ? drawPayload(draw) : null));
  return { batch: { ids: ids.map(digits), vectors, ...draw.maybe(0.8, { payloads }) } };
}

function upsert(draw: Draw, shape: Shape): DrawnWrite {
  const body = draw.chance(0.7) ? upsertList(draw, shape) : upsertColumns(draw, shape);
  const conditions = draw.maybe(0.12, {
    update_filter: () => drawFilter(draw, shape, 1),
    update_mode: () => draw.of(["upsert", "insert_only", "update_only"]),
  });
  return { method: "PUT", path: "points", body: { ...body, ...conditions } };
}

function setPayload(draw: Draw, shape: Shape): Members {
  return {
    payload: drawChanges(draw, shape.abilities.as1182),
    ...selector(draw, shape),
    ...draw.maybe(0.3, { key: () => draw.of(targetKeys) }),
  };
}

const overwritePayload = (draw: Draw, shape: Shape): Members => ({
  payload: draw.chance(0.8) ? drawPayload(draw) : { n: drawField(draw, "n") },
  ...selector(draw, shape),
});

/** Keys above or below a path that has an index are left alone: 1.18.2 keeps in the index what was there. */
function removable({ indexes }: Shape): string[] {
  const touches = (key: string, path: string) => key.startsWith(path) || path.startsWith(key);
  return removedKeys.filter((key) =>
    [...indexes.keys()].every((path) => path === key || !touches(key, path)),
  );
}

const deletePayload = (draw: Draw, shape: Shape): Members => ({
  keys: draw.some(removable(shape), 1).slice(0, 3),
  ...selector(draw, shape),
});

function updateVectors(draw: Draw, shape: Shape): Members {
  const ids = new Set(draw.list(1, 4, () => knownId(draw, shape)));
  const points = [...ids].map((id) => ({ id: digits(id), vector: drawVectors(draw, shape, 1) }));
  return { points, ...draw.maybe(0.1, { update_filter: () => drawFilter(draw, shape, 1) }) };
}

/**
 * Not of sparse vectors: 1.18.2 goes on finding a point by the indices that a deleted one had, once the point has another.
 */
const deletable = ({ vectors }: Shape) => vectors.filter(({ kind }) => kind !== "sparse");

const deleteVectors = (draw: Draw, shape: Shape): Members => ({
  vector: draw.some(deletable(shape), 1).map(({ name }) => name),
  ...selector(draw, shape, true),
});

function deletion(draw: Draw, shape: Shape): Members {
  if (draw.chance(0.15)) return { filter: drawFilter(draw, shape) };
  const points = draw.list(1, 3, () => knownId(draw, shape));
  for (const id of points) shape.ids.delete(id);
  return { points: points.map(digits) };
}

function batch(draw: Draw, shape: Shape): Members {
  const operation = () =>
    draw.weighted<Members>([
      [3, () => ({ upsert: upsert(draw, shape).body })],
      [1, () => ({ delete: deletion(draw, shape) })],
      [2, () => ({ set_payload: setPayload(draw, shape) })],
      [1, () => ({ overwrite_payload: overwritePayload(draw, shape) })],
      [1, () => ({ delete_payload: deletePayload(draw, shape) })],
      [1, () => ({ clear_payload: selector(draw, shape, true) })],
      [1, () => ({ update_vectors: updateVectors(draw, shape) })],
      [deletable(shape).length > 0 ? 1 : 0, () => ({ delete_vectors: deleteVectors(draw, shape) })],
    ]);
  return { operations: draw.list(1, 4, operation) };
}

/** One change of points. */
export function drawWrite(draw: Draw, shape: Shape): DrawnWrite {
  const post = (path: string, body: Members): DrawnWrite => ({ method: "POST", path, body });
  if (shape.ids.size < 12) return upsert(draw, shape);
  return draw.weighted<DrawnWrite>([
    [8, () => upsert(draw, shape)],
    [4, () => post("points/payload", setPayload(draw, shape))],
    [2, () => ({ method: "PUT", path: "points/payload", body: overwritePayload(draw, shape) })],
    [2, () => post("points/payload/delete", deletePayload(draw, shape))],
    [1, () => post("points/payload/clear", selector(draw, shape, true))],
    [2, () => ({ method: "PUT", path: "points/vectors", body: updateVectors(draw, shape) })],
    [
      deletable(shape).length > 0 ? 2 : 0,
      () => post("points/vectors/delete", deleteVectors(draw, shape)),
    ],
    [2, () => post("points/delete", deletion(draw, shape))],
    [2, () => post("points/batch", batch(draw, shape))],
  ]);
}
