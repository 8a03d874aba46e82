/**
 * Prints, after Vitest's own report, each skipped test with its file and reason, and as the very last line
 * `N passed, N failed, N skipped`. Where no test ran to its end (a broken configuration, no test found), the
 * line counts one failure, so that it never reads as a success.
 */
import { writeSync } from "node:fs";
import type { Reporter, TestCase, TestModule } from "vitest/node";

export default class SummaryReporter implements Reporter {
  #lines: string[] = ["0 passed, 1 failed, 0 skipped"];

  onInit(): void {
    // Whatever Vitest still says while it closes stands before the last line.
    process.once("exit", () => {
      for (const line of this.#lines) writeSync(1, `${line}\n`);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const skipped = tests.filter((test) => test.result().state === "skipped");
    const passed = tests.filter((test) => test.result().state === "passed").length;
    const broken = modules.flatMap((module) => [
      ...module.errors(),
      ...[...module.children.allSuites()].flatMap((suite) => suite.errors()),
    ]);
    // A test still pending when the run ends was cut off: it counts as failed, as an error outside of all tests does.
    const failed = tests.length - skipped.length - passed + broken.length + errors.length;
    this.#lines = [
      ...skipped.map(skippedLine),
      `${passed} passed, ${tests.length === 0 ? Math.max(1, failed) : failed} failed, ${skipped.length} skipped`,
    ];
  }
}

function skippedLine(test: TestCase): string {
  const result = test.result();
  const note = result.state === "skipped" && result.note !== undefined ? ` (${result.note})` : "";
  return `skipped: ${test.module.relativeModuleId}: ${test.fullName}${note}`;
}
