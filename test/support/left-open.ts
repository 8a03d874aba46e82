/** A store that whoever uses it may close as often as they like: it stays open for the next one. */
import type { DocumentStore } from "../../src/store/documents.ts";

export function leftOpen(store: DocumentStore): DocumentStore {
  return new Proxy(store, {
    get(target, name) {
      if (name === Symbol.asyncDispose) return () => Promise.resolve();
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
