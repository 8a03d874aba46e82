/** Waits until a target has finished indexing: before that it searches by brute force, which flatters. */
import { setTimeout as sleep } from "node:timers/promises";
import { VectorError } from "../errors.ts";
import type { CollectionInfo } from "../model/collection.ts";
import type { TargetStore } from "../store/port.ts";
import { throwIfAborted } from "../util/abort.ts";

const pollMs = 500;
/** A server takes a moment to see that there is something to index. */
const greensWanted = 2;

/** Ten minutes. */
export const greenWaitMs = 600_000;

/** Resolves when these collections are green, with how they stand then. @throws E_NOT_GREEN when they are not after `timeoutMs`; E_COLLECTION_NOT_FOUND; E_ABORTED */
export async function waitUntilGreen(
  target: TargetStore,
  names: ReadonlySet<string>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<CollectionInfo[]> {
  const endMs = performance.now() + timeoutMs;
  for (let greens = 0; ; ) {
    throwIfAborted(signal);
    const standing = (await target.collections({ signal })).filter(({ name }) => names.has(name));
    const waiting = standing.filter(({ status }) => status !== "green");
    greens = waiting.length === 0 ? greens + 1 : 0;
    if (greens >= greensWanted || (greens > 0 && target.identity.kind !== "qdrant"))
      return standing;
    if (performance.now() >= endMs && greens === 0) {
      const said = waiting.map(({ name, status }) => `${JSON.stringify(name)} is ${status}`);
      throw new VectorError(
        "E_NOT_GREEN",
        `The target has not finished indexing after ${Math.round(timeoutMs / 1000)} s: ${said.slice(0, 5).join(", ")}.`,
        { details: { collections: waiting.map(({ name, status }) => ({ name, status })) } },
      );
    }
    await sleep(pollMs, undefined, { signal }).catch(() => throwIfAborted(signal));
  }
}
