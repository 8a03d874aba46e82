/** A store whose calls are told of while they are under way. */

/** 1 = a call has begun, -1 = it has ended, however it did. */
export type OnCall = (change: 1 | -1) => void;

/**
 * The store, with every call that it answers later told of: promises until they are settled, of iterables each step. It is the
 * store in all else, and closed with it.
 */
export function watched<Store extends object>(store: Store, onCall: OnCall): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => told(() => Reflect.apply(member, target, args), onCall);
    },
  });
}

function told(call: () => unknown, onCall: OnCall): unknown {
  // Before the call: what it does until its first wait is its own time, too.
  onCall(1);
  let isUnderWay = false;
  try {
    const answer = call();
    if (answer instanceof Promise) {
      isUnderWay = true;
      return answer.finally(() => onCall(-1));
    }
    return isIterable(answer) ? steps(answer, onCall) : answer;
  } finally {
    if (!isUnderWay) onCall(-1);
  }
}

function isIterable(answer: unknown): answer is AsyncIterable<unknown> {
  return typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer;
}

function steps(iterable: AsyncIterable<unknown>, onCall: OnCall): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = iterable[Symbol.asyncIterator]();
      return {
        async next() {
          onCall(1);
          try {
            return await iterator.next();
          } finally {
            onCall(-1);
          }
        },
        async return(value?: unknown) {
          await iterator.return?.(value);
          return { done: true, value };
        },
      };
    },
  };
}
