/** One writer at a time for each document: whoever wants several documents gets all of them at once, in the order of asking. */
export class KeyLocks {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `work` when nobody who asked before for one of `keys` is at work any more. Bounded by the calls in flight. */
  async run<Result>(keys: readonly string[], work: () => Promise<Result>): Promise<Result> {
    const before = keys.flatMap((key) => this.#last.get(key) ?? []);
    const { promise, resolve } = Promise.withResolvers<void>();
    // All places are taken before anything is waited for: two who ask for the same documents cannot wait for each other.
    for (const key of keys) this.#last.set(key, promise);
    await Promise.all(new Set(before));
    try {
      return await work();
    } finally {
      for (const key of keys) if (this.#last.get(key) === promise) this.#last.delete(key);
      resolve();
    }
  }

  /** Ends when nobody is at work who is now. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
