/** Payload indexes over the REST door. */
import { z } from "zod";
import { badInput } from "../errors.ts";
import { parsePath } from "../filter/json-path.ts";
import { fields } from "../struct-list.ts";
import { updated } from "./answer.ts";
import { Members, parse } from "./body.ts";
import { changes } from "./change.ts";
import { changingCollections, type Operation } from "./operation.ts";

const indexFields = fields("field_name field_schema");

const create: Operation["run"] = (host, request) => {
  const body = Members.of(request, indexFields);
  const field = body.need("field_name", z.string());
  parsePath(field);
  // Older clients name it `field_type`.
  const name = body.raw("field_schema") === undefined ? "field_type" : "field_schema";
  const schema = body.raw(name);
  if (schema === undefined) {
    host.collection(request.collection);
    throw badInput(
      "Bad request: Can't auto-detect field type, please specify `field_schema` in the request",
    );
  }
  const type = schema.startsWith('"') ? String(parse(schema)) : schema;
  changes(host, request).createPayloadIndex(request.collection, field, type);
  return updated(request);
};

const remove: Operation["run"] = (host, request) => {
  const field = request.params["field_name"] ?? "";
  checkPathParameter(field);
  changes(host, request).deletePayloadIndex(request.collection, field);
  return updated(request);
};

/** @throws E_INPUT where a path of the URL is none */
function checkPathParameter(field: string): void {
  try {
    parsePath(field);
  } catch (cause) {
    throw badInput(
      `Deserialize error in path parameters: Invalid json path: '${field.slice(0, 100)}'`,
      { cause: String(cause) },
    );
  }
}

export const payloadIndexOperations = {
  createPayloadIndex: changingCollections(create),
  deletePayloadIndex: changingCollections(remove),
};
