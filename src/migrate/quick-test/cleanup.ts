/** Takes away what quick tests made: this one at its end, whatever that is, and those of others that died. */
import { setTimeout as sleep } from "node:timers/promises";
import { isVectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { SourceStore, StoreIdentity, TargetStore } from "../../store/port.ts";
import type { RecordTarget } from "../../store/record-target.ts";
import { endAddress } from "../next-steps.ts";
import { bearsMark, isWrittenByTest, parseName } from "./mark.ts";
import { mayRun } from "./private-state.ts";

/** A removal gets this long, also when the run itself was interrupted. */
const removalMs = 30_000;
/** What an interrupted request had begun may show only now. */
const settleMs = 250;

/** A collection that may be a quick test's, and what became of it. */
export interface Leftover {
  /** Address of the store. */
  readonly store: string;
  readonly name: string;
  readonly removed: boolean;
  /** Why it stays; null = it does not. */
  readonly reason: string | null;
}

/** Removes this test's own collection from the target; gives the failure as a sentence, null where it is gone. */
export function removeOwn(
  target: TargetStore,
  name: string,
  interrupted: boolean,
): Promise<string | null> {
  return attempt(target.identity, name, async (signal) => {
    const rounds = interrupted ? 2 : 1;
    for (let round = 0; round < rounds; round += 1) {
      if (round > 0) await sleep(settleMs);
      const info = (await target.collections({ signal })).find((one) => one.name === name);
      if (info !== undefined) await target.remove(info, { everything: true }, { signal });
    }
  });
}

/** The same of what it wrote into the source. */
export function dropOwn(
  writer: RecordTarget,
  name: string,
  interrupted: boolean,
): Promise<string | null> {
  return attempt(writer.identity, name, async (signal) => {
    await writer.drop(name, { signal });
    if (!interrupted) return;
    await sleep(settleMs);
    await writer.drop(name, { signal });
  });
}

async function attempt(
  store: StoreIdentity,
  name: string,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<string | null> {
  try {
    await work(AbortSignal.timeout(removalMs));
    return null;
  } catch (error) {
    const why = isVectorError(error) ? `${error.message} [${error.code}]` : String(error);
    return `Collection ${JSON.stringify(name)} could not be removed from ${endAddress(store)}: ${why} The next quick test removes it, once it is sure that none is at work on it.`;
  }
}

/** Removes from the target what quick tests have left that died; what only bears their name stays, and is told. */
export async function sweepTarget(target: TargetStore, signal: AbortSignal): Promise<Leftover[]> {
  const found = (await target.collections({ signal })).filter(({ name }) => parseName(name));
  const leftovers: Leftover[] = [];
  for (const info of found) {
    const reason = await whyItStays(info, () => bearsMark(target, info, signal));
    if (reason === null) await target.remove(info, { everything: true }, { signal });
    leftovers.push(leftover(target.identity, info, reason));
  }
  return leftovers;
}

/** The same at the source: without a writer they are only told. */
export async function sweepSource(
  source: SourceStore,
  found: readonly CollectionInfo[],
  writer: RecordTarget | null,
  signal: AbortSignal,
): Promise<Leftover[]> {
  const leftovers: Leftover[] = [];
  for (const info of found.filter(({ name }) => parseName(name) !== null)) {
    const reason = await whyItStays(info, async () => isWrittenByTest(info));
    const kept = reason ?? (writer === null ? "only --write-source writes there" : null);
    if (kept === null) await writer?.drop(info.name, { signal });
    leftovers.push(leftover(source.identity, info, kept));
  }
  return leftovers;
}

async function whyItStays(
  info: CollectionInfo,
  isMarked: () => Promise<boolean>,
): Promise<string | null> {
  if (mayRun(info.name, new Date())) return "another quick test may be at work on it";
  return (await isMarked()) ? null : "it does not bear a quick test's mark";
}

function leftover(store: StoreIdentity, { name }: CollectionInfo, reason: string | null): Leftover {
  return { store: endAddress(store), name, removed: reason === null, reason };
}
