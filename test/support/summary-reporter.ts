/**
 * Prints, after Vitest's own report, each skipped test with its file and reason, each failure with its file and what it
 * says, and as the very last line `N passed, N failed, N skipped`. So the end of a long output names what failed. Where no test ran to its end (a broken configuration, no test found), the
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
    const failures = [
      // A test still pending when the run ends was cut off: it counts as failed, as an error outside of all tests does.
      ...tests
        .filter((test) => !["skipped", "passed"].includes(test.result().state))
        .map(failedLine),
      ...modules.flatMap((module) =>
        [module, ...module.children.allSuites()].flatMap((part) =>
          part
            .errors()
            .map(
              (error) => `failed: ${module.relativeModuleId}: outside of its tests: ${said(error)}`,
            ),
        ),
      ),
      ...errors.map((error) => `failed: outside of all tests: ${said(error)}`),
    ];
    if (tests.length === 0 && failures.length === 0) failures.push("failed: no test was found");
    this.#lines = [
      ...skipped.map(skippedLine),
      ...failures,
      `${passed} passed, ${failures.length} failed, ${skipped.length} skipped`,
    ];
  }
}

function skippedLine(test: TestCase): string {
  const result = test.result();
  const note = result.state === "skipped" && result.note !== undefined ? ` (${result.note})` : "";
  return `skipped: ${test.module.relativeModuleId}: ${test.fullName}${note}`;
}

function failedLine(test: TestCase): string {
  const error = test.result().errors?.[0];
  return `failed: ${test.module.relativeModuleId}: ${test.fullName} (${error === undefined ? "cut off" : said(error)})`;
}

/** What an error says, on one line of at most 300 characters. */
function said(error: unknown): string {
  const text =
    error instanceof Object && "message" in error ? String(error.message) : String(error);
  return text.replaceAll(/\s+/g, " ").slice(0, 300);
}
