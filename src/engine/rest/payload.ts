/** Changes of payloads over the REST door. */
import { z } from "zod";
import type { PointSelector } from "../api.ts";
import { malformed, missing } from "../errors.ts";
import { named } from "../input-words.ts";
import { type Members, parse, toSelector } from "./body.ts";
import { type Change, change } from "./change.ts";
import { refuseShardKey } from "./params.ts";

/** Which points a body means; where it names ids, its filter counts for nothing. */
function needSelector(body: Members, words: string, at: string | null): PointSelector {
  const selector = toSelector(body, at);
  if (selector === null) throw malformed(words);
  refuseShardKey(body, "Wrong input");
  return selector;
}

const eitherWords = "Either list of point ids or filter must be provided";

function writing(overwrite: boolean): Change {
  return (body) => {
    const payload = body.raw("payload");
    if (payload === undefined) {
      if (body.names().includes("payload")) throw malformed("invalid type: null, expected a map");
      missing("payload");
    }
    if (!payload.startsWith("{"))
      throw malformed(`invalid type: ${named(parse(payload))}, expected a map`);
    const key = body.get("key", z.string());
    const options = { overwrite, ...(key === undefined ? {} : { key }) };
    const selector = needSelector(body, eitherWords, "");
    return (host, collection) => host.setPayload(collection, selector, payload, options);
  };
}

export const setPayload = writing(false);
export const overwritePayload = writing(true);

export const deletePayload: Change = (body) => {
  const keys = body.need("keys", z.array(z.string()));
  const selector = needSelector(body, eitherWords, "");
  return (host, collection) => host.deletePayload(collection, selector, keys);
};

export const clearPayload: Change = (body) => {
  const words = "data did not match any variant of untagged enum PointsSelector";
  const selector = needSelector(body, words, null);
  return (host, collection) => host.clearPayload(collection, selector);
};

export const payloadOperations = {
  setPayload: change(setPayload),
  overwritePayload: change(overwritePayload),
  deletePayload: change(deletePayload),
  clearPayload: change(clearPayload),
};
