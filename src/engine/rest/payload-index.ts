/** Payload indexes over the REST door. */
import { z } from "zod";
import { badInput } from "../errors.ts";
import { updated } from "./answer.ts";
import { Members } from "./body.ts";
import { changingCollections } from "./operation.ts";

export const payloadIndexOperations = {
  createPayloadIndex: changingCollections((host, request) => {
    const body = Members.of(request);
    const field = body.need("field_name", z.string());
    const schema = body.raw("field_schema") ?? body.raw("field_type");
    if (schema === undefined) {
      throw badInput(
        "Bad request: Can't auto-detect field type, please specify `field_schema` in the request",
      );
    }
    const typeOnly = body.get("field_schema", z.unknown()) ?? body.get("field_type", z.unknown());
    host.createPayloadIndex(
      request.collection,
      field,
      typeof typeOnly === "string" ? typeOnly : schema,
    );
    return updated(request);
  }),
  deletePayloadIndex: changingCollections((host, request) => {
    host.deletePayloadIndex(request.collection, request.params["field_name"] ?? "");
    return updated(request);
  }),
};
