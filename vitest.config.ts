import { defineConfig } from "vitest/config";

/** A folder of test/ as a project. fault and then e2e come last, each alone: their tests start servers and processes of their own. */
function project(name: string, testTimeoutMs: number, order: number) {
  return {
    extends: true as const,
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      testTimeout: testTimeoutMs,
      hookTimeout: Math.max(30_000, testTimeoutMs),
      sequence: { groupOrder: order },
    },
  };
}

/** What a user copies: it imports the package by its name. */
const examples = {
  extends: true as const,
  resolve: {
    alias: {
      "vecferry/testing": new URL("src/testing/index.ts", import.meta.url).pathname,
      vecferry: new URL("src/index.ts", import.meta.url).pathname,
    },
  },
  test: {
    name: "examples",
    include: ["examples/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
};

export default defineConfig({
  test: {
    projects: [
      project("tidy", 60_000, 0),
      project("unit", 60_000, 0),
      project("conformance", 60_000, 0),
      project("fault", 120_000, 1),
      project("e2e", 240_000, 2),
      examples,
    ],
    // Processes, not threads: the code under test starts workers, opens SQLite files and handles signals.
    pool: "forks",
    maxWorkers: 2,
    teardownTimeout: 10_000,
    // Vitest's own second is too short beside a machine's other work.
    expect: { poll: { timeout: 20_000 } },
    setupFiles: ["./test/support/temporary.ts"],
    reporters: ["default", "./test/support/summary-reporter.ts"],
    allowOnly: false,
  },
});
