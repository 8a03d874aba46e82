/** Changes of payloads over the REST door. */
import { z } from "zod";
import { malformed, missing } from "../errors.ts";
import { isPath } from "../filter/json-path.ts";
import { fields } from "../struct-list.ts";
import { Members, refuseNoMap } from "./body.ts";
import { type Change, change } from "./change.ts";
import {
  readPointsSelector,
  readSelected,
  type Selected,
  selectedPoints,
} from "./points-selector.ts";

/** Which points a body means; where it names ids, its filter counts for nothing. */
function needSelected(body: Members): Selected {
  const selected = readSelected(body, "");
  if (selected === null) throw malformed("Either list of point ids or filter must be provided");
  return selected;
}

const key = z.string().refine(isPath);
const writingFields = fields("payload points filter shard_key key");

function writing(overwrite: boolean): Change {
  return (text) => {
    const body = new Members(text, writingFields);
    const payload = body.raw("payload");
    if (payload === undefined) {
      if (body.names().includes("payload")) throw malformed("invalid type: null, expected a map");
      missing("payload");
    }
    refuseNoMap(payload);
    const below = body.get("key", key);
    const options = { overwrite, ...(below === undefined ? {} : { key: below }) };
    const selected = needSelected(body);
    return (host, collection) =>
      host.setPayload(collection, selectedPoints(selected), payload, options);
  };
}

export const setPayload = writing(false);
export const overwritePayload = writing(true);

const deletingFields = fields("keys points filter shard_key");

export const deletePayload: Change = (text) => {
  const body = new Members(text, deletingFields);
  const keys = body.need("keys", z.array(key));
  const selected = needSelected(body);
  return (host, collection) => host.deletePayload(collection, selectedPoints(selected), keys);
};

export const clearPayload: Change = (text) => {
  const selected = readPointsSelector(text);
  return (host, collection) => host.clearPayload(collection, selectedPoints(selected));
};

export const payloadOperations = {
  setPayload: change(setPayload),
  overwritePayload: change(overwritePayload),
  deletePayload: change(deletePayload),
  clearPayload: change(clearPayload),
};
