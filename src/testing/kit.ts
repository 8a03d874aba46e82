/** What the suites need of a test runner: Vitest's, Jest's or node:test's own functions. */
export interface TestKit {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: ((name: string, body: () => Promise<void>) => unknown) & {
    /** Declares a test that is not run. */
    readonly skip?: (name: string, body: () => Promise<void>) => unknown;
  };
}

/** A kit that leaves some tests out. */
export interface SkippingKit {
  readonly describe: TestKit["describe"];
  readonly it: (name: string, body: () => Promise<void>) => void;
  /** Declares the test that fails where a test was to be left out that is not there. To be called behind all others. */
  readonly done: () => void;
}

/** Leaves out the tests that `reasons` names; each stands among the results with its reason. */
export function skipping(
  { describe, it }: TestKit,
  reasons: Readonly<Record<string, string>>,
): SkippingKit {
  const left = new Set(Object.keys(reasons));
  return {
    describe,
    it: (name, body) => {
      const reason = Object.hasOwn(reasons, name) ? reasons[name] : undefined;
      left.delete(name);
      if (reason === undefined) it(name, body);
      else it.skip?.(`${name} (${reason})`, body);
    },
    done: () => {
      // Some runners declare what stands in a `describe` only later, so it cannot be told at once.
      if (left.size === 0) return;
      it("leaves out only tests that there are", async () => {
        if (left.size > 0) throw new Error(`no test is called ${JSON.stringify([...left])}`);
      });
    },
  };
}
