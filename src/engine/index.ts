export type {
  CallOptions,
  CollectionConfig,
  CollectionDescription,
  Engine,
  Json,
  JsonInput,
  JsonObject,
  PayloadFieldInfo,
  PayloadSelector,
  PointColumns,
  PointSelector,
  ReadPointsOptions,
  ScoredPoints,
  ScrollOptions,
  ScrollPage,
  SearchOptions,
  VectorDistance,
  VectorParams,
  VectorSelector,
} from "./api.ts";
export { openEngine } from "./engine.ts";
export { badInput, checkInput, invalid, notFound, notImplemented } from "./errors.ts";
export { type LookedFolder, lookAtPoints, lookForPoints, lookIntoFolder } from "./look.ts";
export { canonicalPointId } from "./point-key.ts";
export { removeIfEmpty, takeAwayEngine } from "./take-away.ts";
