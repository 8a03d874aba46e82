/** Changes of payloads over the REST door. */
import { z } from "zod";
import type { PointSelector } from "../api.ts";
import { badInput } from "../errors.ts";
import { type Members, toSelector } from "./body.ts";
import { type Change, change } from "./change.ts";

function needSelector(body: Members): PointSelector {
  const selector = toSelector(body);
  if (selector === null) {
    throw badInput(
      "Format error in JSON body: Either list of point ids or filter must be provided",
    );
  }
  return selector;
}

function writing(overwrite: boolean): Change {
  return (host, collection, body) => {
    const payload = body.raw("payload");
    if (payload === undefined) throw badInput("Format error in JSON body: missing field `payload`");
    const key = body.get("key", z.string());
    const options = { overwrite, ...(key === undefined ? {} : { key }) };
    host.setPayload(collection, needSelector(body), payload, options);
  };
}

export const setPayload = writing(false);
export const overwritePayload = writing(true);

export const deletePayload: Change = (host, collection, body) => {
  const keys = body.need("keys", z.array(z.string()));
  host.deletePayload(collection, needSelector(body), keys);
};

export const clearPayload: Change = (host, collection, body) =>
  host.clearPayload(collection, needSelector(body));

export const payloadOperations = {
  setPayload: change(setPayload),
  overwritePayload: change(overwritePayload),
  deletePayload: change(deletePayload),
  clearPayload: change(clearPayload),
};
