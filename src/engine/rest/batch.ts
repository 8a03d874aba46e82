/** Several changes of points in one request: made in turn; where one is refused, those before it stay made, as at Qdrant. */
import { decoded, malformed, missing, variant } from "../errors.ts";
import { type Fields, fields } from "../struct-list.ts";
import { Members, structOf } from "./body.ts";
import { type Change, made } from "./change.ts";
import { changingPoints } from "./operation.ts";
import { clearPayload, deletePayload, overwritePayload, setPayload } from "./payload.ts";
import { deletePoints } from "./points.ts";
import { upsertPoints } from "./upsert.ts";
import { deleteVectors, updateVectors } from "./vector-operations.ts";

/** In the order in which Qdrant tries them, where one object names several. */
const changes: readonly (readonly [Fields, Change])[] = [
  [fields("upsert"), upsertPoints],
  [fields("delete"), deletePoints],
  [fields("set_payload"), setPayload],
  [fields("overwrite_payload"), overwritePayload],
  [fields("delete_payload"), deletePayload],
  [fields("clear_payload"), clearPayload],
  [fields("update_vectors"), updateVectors],
  [fields("delete_vectors"), deleteVectors],
];

const batchFields = fields("operations");

function toChange(text: string): ReturnType<Change> {
  const object = text.startsWith("{") ? new Members(text) : null;
  for (const [of, read] of changes) {
    const body = (object ?? structOf(text, of))?.raw(of.names[0] ?? "");
    const make = body === undefined ? null : variant(() => read(body));
    if (make !== null) return make;
  }
  throw malformed("data did not match any variant of untagged enum UpdateOperation");
}

export const batchOperations = {
  batchUpdate: changingPoints((host, request) => {
    const makers = decoded(() =>
      (Members.of(request, batchFields).list("operations") ?? missing("operations")).map(toChange),
    );
    const answers = makers.map((make) => made(request, host, make));
    return `[${answers.join(",")}]`;
  }),
};
