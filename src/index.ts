/**
 * The public API. A migration in a program:
 *
 * @example
 * await using source = await connectSource("./chroma_data");
 * await using target = await connectTarget("embedded:./qdrant_data");
 * const { exit, report } = await runMigrate(source, target, defaultRequest, context);
 */

export {
  buildQdrantClient,
  type Connection,
  connect,
  type TenantOptions,
  type VectorDBConfig,
} from "./connect.ts";
export { type Embedded, type EmbeddedOptions, openEmbedded } from "./embedded/open.ts";
export {
  type CallOptions as EngineCallOptions,
  type CollectionConfig,
  type CollectionDescription,
  type Engine,
  type Json,
  type JsonInput,
  type JsonObject,
  openEngine,
  type PayloadFieldInfo,
  type PayloadSelector,
  type PointColumns,
  type PointSelector,
  type ReadPointsOptions,
  type ScoredPoints,
  type ScrollOptions,
  type ScrollPage,
  type SearchOptions as EngineSearchOptions,
  type VectorDistance,
  type VectorParams,
  type VectorSelector,
} from "./engine/index.ts";
export {
  type ErrorCode,
  errorCodes,
  isVectorError,
  VectorError,
  type VectorErrorOptions,
} from "./errors.ts";
export { type CancelledCollection, type CancelOutcome, runCancel } from "./migrate/cancel.ts";
export type { CollectionPlan } from "./migrate/collection-plan.ts";
export { type CompareReport, compareSchema } from "./migrate/compare/figures.ts";
export { type Gates, noGates } from "./migrate/compare/gates.ts";
export { type QueryVectors, readQueries } from "./migrate/compare/query-file.ts";
export { type CompareRequest, defaultCompare } from "./migrate/compare/request.ts";
export { runCompare } from "./migrate/compare.ts";
export type { Draft } from "./migrate/plan.ts";
export {
  assertPlanFits,
  plannedRequest,
} from "./migrate/planning/follow-plan.ts";
export { makePlanFile, type PlanOptions } from "./migrate/planning/make-plan.ts";
export { readPlan, writePlan } from "./migrate/planning/plan-file.ts";
export { type PlanFile, planFileSchema } from "./migrate/planning/plan-schema.ts";
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
export {
  type CollectionStatus,
  type MigrationStatus,
  newestEnds,
  readStatus,
  type Status,
} from "./migrate/status.ts";
export {
  type CollectionSurvey,
  type SurveyOptions,
  surveyCollection,
} from "./migrate/survey/survey.ts";
export { runVerify } from "./migrate/verify.ts";
export { type BatchSizeInput, optimalBatchSize } from "./model/batch-size.ts";
export type {
  CollectionInfo,
  CollectionSpec,
  DistanceFrom,
  HnswSettings,
  Layout,
  PayloadIndex,
  PayloadIndexType,
  Quantization,
  SourceNote,
} from "./model/collection.ts";
export type { Distance } from "./model/distance.ts";
export { plainPointId, tenantPointId } from "./model/point-id.ts";
export type {
  DenseColumn,
  FailureReason,
  MultiColumn,
  PayloadColumn,
  Placement,
  PointBatch,
  RecordBatch,
  RecordFailure,
  SparseColumn,
  VectorColumn,
} from "./model/record.ts";
export {
  connectSource,
  connectTarget,
  openStore,
} from "./open.ts";
export {
  ChromaRepository,
  type ChromaRepositoryOptions,
  FaissRepository,
  type FaissRepositoryOptions,
  openRepository,
  QdrantRepository,
  type QdrantRepositoryOptions,
} from "./repositories.ts";
export type { VectorDBSettings, VectorDBType } from "./repository/config.ts";
export type { Embed } from "./repository/embed.ts";
export {
  type HealthCheckOptions,
  type HealthReport,
  type HealthStatus,
  VectorDBHealthCheck,
} from "./repository/health.ts";
export type { BreakerOptions, CircuitState } from "./repository/hybrid/circuit-breaker.ts";
export type { StoreName } from "./repository/hybrid/guarded-store.ts";
export {
  type HybridStatus,
  type HybridStoreStatus,
  HybridVectorService,
} from "./repository/hybrid/hybrid-vector-service.ts";
export type { HybridOptions } from "./repository/hybrid/options.ts";
export type { QueueCounts, RefusedEntry } from "./repository/hybrid/queue.ts";
export type { HybridBulkResult, StoreOutcome } from "./repository/hybrid/write-report.ts";
export type { LangChainEmbeddings, LangChainVectorStore } from "./repository/langchain-types.ts";
export type {
  DocumentMetadata,
  MetadataFilter,
  MetadataValue,
  Operators,
  Range,
} from "./repository/metadata.ts";
export {
  type MetricsOptions,
  type MetricsRegistry,
  type VectorMetrics,
  vectorMetrics,
} from "./repository/metrics.ts";
export { type MonitoredServiceOptions, MonitoredVectorService } from "./repository/monitored.ts";
export type { ObservedCall, ServiceObserver } from "./repository/observer.ts";
export {
  createVectorService,
  VectorService,
  type VectorServiceOptions,
} from "./repository/service.ts";
export type {
  AddOptions,
  ScanServiceOptions,
  ServiceDocument,
  ServiceSearchRequest,
  ServiceSelector,
  TenantDocuments,
} from "./repository/service-types.ts";
export { type RepositoryStore, StoreRepository } from "./repository/store-repository.ts";
export {
  TenantAnalytics,
  type TenantShare,
  type TenantStatistics,
} from "./repository/tenant-analytics.ts";
export {
  type GetUserTenants,
  type MiddlewareOptions,
  TenantGuard,
  type TenantGuardOptions,
  type TenantServices,
  type TenantVariables,
} from "./repository/tenant-guard.ts";
export type {
  BulkResult,
  BulkVectorOperation,
  CollectionDescriptor,
  CollectionProfile,
  CollectionStatistics,
  FailedDocument,
  HnswConfig,
  NewDocument,
  QdrantCollectionConfig,
  QdrantDistance,
  QuantizationConfig,
  RepositoryCallOptions,
  Rerank,
  SearchResult,
  TenantScope,
  VectorDocument,
  VectorRepository,
  VectorSearchRequest,
} from "./repository/types.ts";
export type { Listening, ListenOptions } from "./server/listen.ts";
export { type ServeOptions, type Serving, serve } from "./server/serve.ts";
export type { ServerOptions } from "./server/server.ts";
export { type Address, parseAddress } from "./store/address.ts";
export type {
  CollectionsOptions,
  DocumentCollection,
  DocumentCountOptions,
  DocumentFilter,
  DocumentHit,
  DocumentScanOptions,
  DocumentSearchOptions,
  DocumentSelector,
  DocumentStore,
  DocumentWriteOptions,
  Rescoring,
  TenantCount,
  WriteMode,
} from "./store/documents.ts";
export type { GentleOptions, Slowing } from "./store/pace.ts";
export type {
  CallOptions,
  Capabilities,
  Hit,
  IdsOptions,
  ReadOptions,
  ReadResult,
  RemoveSelector,
  ScanOptions,
  SearchOptions,
  SourceStore,
  StoreIdentity,
  StoreKind,
  TargetStore,
} from "./store/port.ts";
export type {
  ChromaOptions,
  ConnectOptions,
  OnStoreRetry,
  QdrantOptions,
} from "./store/registry.ts";
