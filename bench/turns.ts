/** How long this thread's event loop is held up: processor time of its longest turn, whatever else the machine does meanwhile. */
export class Turns implements Disposable {
  readonly #timer = setInterval(() => this.#turn(), 1);
  #lastMs = 0;
  #watching = 0;
  /** Milliseconds; what a system counts in ticks is a tick more or less. */
  longestMs = 0;

  /** Watches while `work` runs. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#watching === 0) this.#lastMs = processorMs();
    this.#watching += 1;
    try {
      return await work();
    } finally {
      this.#turn();
      this.#watching -= 1;
    }
  }

  #turn(): void {
    const now = processorMs();
    if (this.#watching > 0) this.longestMs = Math.max(this.longestMs, now - this.#lastMs);
    this.#lastMs = now;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

declare global {
  namespace NodeJS {
    /** Benches run on the Node of devDependencies; the types are of the oldest that package.json admits, which lacks this. */
    interface Process {
      threadCpuUsage(): CpuUsage;
    }
  }
}

function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
