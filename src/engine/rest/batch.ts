/** Several changes of points in one request: made in turn; where one is refused, those before it stay made, as at Qdrant. */
import { decoded, malformed, missing } from "../errors.ts";
import { Members } from "./body.ts";
import { type Change, made } from "./change.ts";
import { changingPoints } from "./operation.ts";
import { clearPayload, deletePayload, overwritePayload, setPayload } from "./payload.ts";
import { deletePoints } from "./points.ts";
import type { RestRequest } from "./request.ts";
import { upsertPoints } from "./upsert.ts";
import { deleteVectors, updateVectors } from "./vector-operations.ts";

/** In the order in which Qdrant tries them, where one object names several. */
const changes: readonly (readonly [name: string, read: Change])[] = [
  ["upsert", upsertPoints],
  ["delete", deletePoints],
  ["set_payload", setPayload],
  ["overwrite_payload", overwritePayload],
  ["delete_payload", deletePayload],
  ["clear_payload", clearPayload],
  ["update_vectors", updateVectors],
  ["delete_vectors", deleteVectors],
];

function toChange(text: string): ReturnType<Change> {
  const members = new Members(text);
  for (const [name, read] of changes) {
    const body = members.raw(name);
    if (body !== undefined) return read(new Members(body));
  }
  throw malformed("data did not match any variant of untagged enum UpdateOperation");
}

/** How many changes a batch asks for. */
export function batchLength(request: RestRequest): number {
  return Members.of(request).list("operations")?.length ?? 0;
}

export const batchOperations = {
  batchUpdate: changingPoints((host, request) => {
    const makers = decoded(() =>
      (Members.of(request).list("operations") ?? missing("operations")).map(toChange),
    );
    const answers = makers.map((make) => made(request, host, make));
    return `[${answers.join(",")}]`;
  }),
};
