/** Collections over the REST door. */
import { bodyText } from "./body.ts";
import { changingCollections, missing, reading } from "./operation.ts";

export const collectionOperations = {
  listCollections: reading((host) =>
    JSON.stringify({ collections: host.listCollections().map((name) => ({ name })) }),
  ),
  getCollection: reading((host, { collection }) => host.describeCollection(collection)),
  collectionExists: reading((host, { collection }) =>
    JSON.stringify({ exists: host.collectionExists(collection) }),
  ),
  createCollection: changingCollections((host, request) => {
    host.createCollection(request.collection, bodyText(request));
    return "true";
  }),
  updateCollection: changingCollections((host, request) => {
    host.updateCollection(request.collection, bodyText(request));
    return "true";
  }),
  deleteCollection: changingCollections((host, { collection }) =>
    String(host.deleteCollection(collection)),
  ),
  getOptimizations: missing("a list of optimizations"),
  getCollectionCluster: missing("clusters"),
};
