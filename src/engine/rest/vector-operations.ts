/** Changes of vectors alone, and of a collection's vector names, over the REST door. */
import { missing } from "./operation.ts";

export const vectorOperations = {
  createVectorName: missing("adding vector names"),
  deleteVectorName: missing("removing vector names"),
  updateVectors: missing("updating vectors alone"),
  deleteVectors: missing("deleting vectors alone"),
};
