/** Several changes of points in one request. */
import { missing } from "./operation.ts";

export const batchOperations = { batchUpdate: missing("batch updates") };
