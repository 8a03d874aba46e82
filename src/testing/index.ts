/** `vecferry/testing`: the suites that every store passes. */
export type { TestKit } from "./kit.ts";
export {
  type FixtureCollection,
  type FixtureRecord,
  type SourceSuiteOptions,
  sourceSuite,
} from "./source-suite.ts";
export { type TargetSuiteOptions, targetSuite } from "./target-suite.ts";
