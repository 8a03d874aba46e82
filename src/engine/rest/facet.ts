/** Facets over the REST door. */
import { missing } from "./operation.ts";

export const facetOperations = { facet: missing("facets") };
