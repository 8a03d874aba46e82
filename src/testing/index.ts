/** `vecferry/testing`: a Qdrant for tests, and the suites that every store passes. */
export type { DocumentSuiteOptions } from "./document-bench.ts";
export { documentSuite } from "./document-suite.ts";
export type { TestKit } from "./kit.ts";
export type { RecordTargetSuiteOptions } from "./record-target-bench.ts";
export { recordTargetSuite } from "./record-target-suite.ts";
export type { RepositoryLack, RepositorySuiteOptions } from "./repository-bench.ts";
export { repositorySuite } from "./repository-suite.ts";
export { startServer, type TestServer, type TestServerOptions } from "./server.ts";
export type { FixtureCollection, FixtureRecord, SourceSuiteOptions } from "./source-fixture.ts";
export { sourceSuite } from "./source-suite.ts";
export type { TargetSuiteOptions } from "./target-bench.ts";
export { targetSuite } from "./target-suite.ts";
