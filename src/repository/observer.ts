/** Whoever wants to know what a service does: metrics are made of it. */

/** One call of a service that has ended. */
export interface ObservedCall {
  readonly operation: "search" | "add" | "get" | "delete" | "count" | "scan";
  readonly tenantId: string;
  readonly collection: string;
  readonly durationMs: number;
  /** Documents that were found, written, counted, or named by id to be deleted; 0 where it failed. */
  readonly documents: number;
  /** What it failed with; null = it did not. */
  readonly error: unknown;
}

export interface ServiceObserver {
  /** Told of each call once, when it has ended. What it throws is swallowed: a call does not fail because it was watched. */
  observed(call: ObservedCall): void;
}

type Call = Pick<ObservedCall, "operation" | "tenantId" | "collection">;

/** Does `work` and tells the observer how it went. */
export async function observed<Answer>(
  observer: ServiceObserver | null,
  call: Call,
  count: (answer: Answer) => number,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const began = performance.now();
  try {
    const answer = await work();
    tell(observer, {
      ...call,
      durationMs: performance.now() - began,
      documents: count(answer),
      error: null,
    });
    return answer;
  } catch (error) {
    tell(observer, { ...call, durationMs: performance.now() - began, documents: 0, error });
    throw error;
  }
}

/** Goes through what `work` gives and tells the observer when it is over, or was left. */
export async function* observedScan<One>(
  observer: ServiceObserver | null,
  call: Call,
  work: () => AsyncIterable<One>,
): AsyncIterable<One> {
  const began = performance.now();
  let documents = 0;
  let error: unknown = null;
  try {
    for await (const one of work()) {
      documents += 1;
      yield one;
    }
  } catch (caught) {
    error = caught;
    throw caught;
  } finally {
    tell(observer, { ...call, durationMs: performance.now() - began, documents, error });
  }
}

function tell(observer: ServiceObserver | null, call: ObservedCall): void {
  try {
    observer?.observed(call);
  } catch {
    // A call does not fail because it was watched.
  }
}
