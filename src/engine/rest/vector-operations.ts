/** Changes of vectors alone, and of a collection's vector names, over the REST door. */
import { notImplemented } from "../errors.ts";
import { type Change, change } from "./change.ts";
import { missing } from "./operation.ts";

export const updateVectors: Change = () => {
  throw notImplemented("updating vectors alone");
};

export const deleteVectors: Change = () => {
  throw notImplemented("deleting vectors alone");
};

export const vectorOperations = {
  createVectorName: missing("adding vector names"),
  deleteVectorName: missing("removing vector names"),
  updateVectors: change(updateVectors),
  deleteVectors: change(deleteVectors),
};
