/** Aliases over the REST door. */
import { missing, reading } from "./operation.ts";

export const aliasOperations = {
  listAliases: reading(() => '{"aliases":[]}'),
  listCollectionAliases: reading(() => '{"aliases":[]}'),
  updateAliases: missing("aliases"),
};
