export type {
  CallOptions,
  ChangeStatus,
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
  UpsertMode,
  VectorDistance,
  VectorParams,
  VectorSelector,
} from "./api.ts";
export { canonicalPointId } from "./collection/point-key.ts";
export { openEngine } from "./engine.ts";
export { badInput, checkInput, invalid, notFound, notImplemented } from "./errors.ts";
export { checkParams, nameFault, type ParamsOf } from "./rest/params.ts";
export type { RestOperation, RestRequest } from "./rest/request.ts";
export { type LookedFolder, lookAtPoints, lookForPoints, lookIntoFolder } from "./storage/look.ts";
export { receiveFile } from "./storage/receive.ts";
export { lookIntoSnapshot } from "./storage/snapshot-format.ts";
export { removeIfEmpty, takeAwayEngine } from "./storage/take-away.ts";
export { secondsDefault } from "./time-limit.ts";
