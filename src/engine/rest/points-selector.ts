/** Which points a change means, over the REST door. Source: qdrant 1.18.2, lib/collection/src/operations/point_ops.rs (PointsSelector). */
import type { PointSelector } from "../api.ts";
import { badInput, malformed, variant } from "../errors.ts";
import { fields } from "../struct-list.ts";
import { Members, readFilter, toPointId } from "./body.ts";
import { readShardKey, refuseShardKey } from "./params.ts";

/** Points, and the shard key that a body names beside them. */
export interface Selected {
  readonly selector: PointSelector;
  readonly shardKey: ReturnType<typeof readShardKey>;
}

/** The points that a body means by `points` or `filter`, which may both stand; null where it says neither. `at` as for `readFilter`. @throws E_INPUT */
export function readSelected(body: Members, at: string | null): Selected | null {
  const ids = body.list("points")?.map(toPointId);
  const filter = readFilter(body, at);
  const shardKey = readShardKey(body);
  if (ids !== undefined) return { selector: { ids }, shardKey };
  return filter === null ? null : { selector: { filter }, shardKey };
}

const idsFields = fields("points shard_key?");
const filterFields = fields("filter shard_key?");

/** A body that is nothing but a selector: of points, or else by a filter, whatever the other says. @throws E_INPUT */
export function readPointsSelector(text: string): Selected {
  const read = (name: "points" | "filter") => () => {
    const body = new Members(text, name === "points" ? idsFields : filterFields);
    return readSelected(body.without(name === "points" ? "filter" : "points"), null);
  };
  const selected = variant(read("points")) ?? variant(read("filter"));
  if (selected !== null) return selected;
  throw malformed("data did not match any variant of untagged enum PointsSelector");
}

/** What a server finds once it knows the collection. @throws E_INPUT */
export function selectedPoints({ selector, shardKey }: Selected): PointSelector {
  if ("ids" in selector && selector.ids.length === 0)
    throw badInput("Bad request: Empty update request");
  refuseShardKey(shardKey, "Wrong input");
  return selector;
}
