/**
 * The public API. A migration in a program:
 *
 * @example
 * await using source = await connectSource("./chroma_data");
 * await using target = await connectTarget("embedded:./qdrant_data");
 * const { exit, report } = await runMigrate(source, target, defaultRequest, context);
 */
export {
  connect,
  connectSource,
  connectTarget,
} from "./connect.ts";
export {
  type CollectionDescription,
  type Engine,
  openEngine,
  type PointColumns,
  type ScoredPoints,
} from "./engine/index.ts";
export {
  type ErrorCode,
  errorCodes,
  isVectorError,
  VectorError,
  type VectorErrorOptions,
} from "./errors.ts";
export { type CancelOutcome, runCancel } from "./migrate/cancel.ts";
export type { Draft } from "./migrate/plan.ts";
export { runRepair } from "./migrate/repair.ts";
export type { Outcome, OutcomeFiles } from "./migrate/report.ts";
export { type Report, reportSchema } from "./migrate/report-schema.ts";
export type {
  MigrateEvent,
  MigrateRequest,
  Phase,
  RecordLine,
  RepairRequest,
  RunContext,
  Scope,
  Shape,
  Sigil,
  TargetSettings,
  VerifyRequest,
} from "./migrate/request.ts";
export { defaultRequest } from "./migrate/request.ts";
export { dryRun, runMigrate } from "./migrate/run.ts";
export { newestEnds, readStatus, type Status } from "./migrate/status.ts";
export { runVerify } from "./migrate/verify.ts";
export { optimalBatchSize } from "./model/batch-size.ts";
export type {
  CollectionInfo,
  CollectionSpec,
  HnswSettings,
  Layout,
  PayloadIndex,
  PayloadIndexType,
  Quantization,
} from "./model/collection.ts";
export type { Distance } from "./model/distance.ts";
export { plainPointId, tenantPointId } from "./model/point-id.ts";
export type {
  DenseColumn,
  FailureReason,
  PayloadColumn,
  PointBatch,
  RecordBatch,
  RecordFailure,
} from "./model/record.ts";
export type { Listening, ListenOptions } from "./server/listen.ts";
export { type ServeOptions, serve } from "./server/serve.ts";
export type { ServerOptions } from "./server/server.ts";
export { type Address, parseAddress } from "./store/address.ts";
export type {
  Capabilities,
  Hit,
  ReadResult,
  RemoveSelector,
  SearchOptions,
  SourceStore,
  StoreIdentity,
  StoreKind,
  TargetStore,
} from "./store/port.ts";
export type { ChromaOptions, ConnectOptions, QdrantOptions } from "./store/registry.ts";
