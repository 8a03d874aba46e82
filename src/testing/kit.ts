/** What the suites need of a test runner: Vitest's, Jest's or node:test's own functions. */
export interface TestKit {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}
