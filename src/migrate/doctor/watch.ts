/** Whether the source is written to while it is examined: two looks, and what differs between them. */
import type { CollectionInfo } from "../../model/collection.ts";
import type { FolderLook } from "../../store/look.ts";
import type { SourceStore } from "../../store/port.ts";
import { systemClock } from "../../util/clock.ts";
import type { Findings, Words } from "./finding.ts";
import type { DoctorContext, SourceEnd } from "./request.ts";

/** Ids of a server's collection are listed twice up to so many; of a larger one the counts are compared. */
const idsMax = 20_000;

export class Watch {
  readonly #store: SourceStore;
  readonly #found: readonly CollectionInfo[];
  readonly #folder: FolderLook | null;
  readonly #context: DoctorContext;
  readonly #before: ReadonlyMap<string, string>;
  readonly #startedMs = performance.now();

  private constructor(
    store: SourceStore,
    found: readonly CollectionInfo[],
    folder: FolderLook | null,
    context: DoctorContext,
    before: ReadonlyMap<string, string>,
  ) {
    this.#store = store;
    this.#found = found;
    this.#folder = folder;
    this.#context = context;
    this.#before = before;
  }

  /** The first look. */
  static async begin(
    store: SourceStore,
    found: readonly CollectionInfo[],
    folder: FolderLook | null,
    context: DoctorContext,
  ): Promise<Watch> {
    const before = folder === null ? await statesOf(store, found, context) : new Map();
    return new Watch(store, found, folder, context, before);
  }

  /** The second look, and the finding where it differs. */
  async end(end: SourceEnd, findings: Findings, words: Words): Promise<void> {
    const { watchMs, signal, looks } = this.#context;
    const gone = performance.now() - this.#startedMs;
    await systemClock.sleep(Math.max(0, watchMs - gone), signal);
    const seconds = Math.max(1, Math.round((performance.now() - this.#startedMs) / 1000));
    if (this.#folder !== null && end.address.kind === "chroma-folder") {
      const { state, changedAgoMs } = await looks.folder(end.address, signal);
      if (state === this.#folder.state) return;
      findings.add("source-changing", "source", {
        text: `The folder was written to while it was examined (${seconds} s).`,
        evidence: { seconds, changedAgoMs: Math.round(changedAgoMs) },
        words,
      });
      return;
    }
    const after = await statesOf(this.#store, this.#found, this.#context);
    for (const { key, name } of this.#found) {
      const [one, other] = [this.#before.get(key), after.get(key)];
      if (one === other) continue;
      const [before, now] = [countOf(one), countOf(other)];
      const how = before === now ? "other ids" : `${before} records, then ${now}`;
      findings.add("source-changing", "source", {
        collection: name,
        text: `It was written to while it was examined (${how}, within ${seconds} s). An update of a record does not show here.`,
        evidence: { seconds, before, after: now },
        words,
      });
    }
  }
}

/** Each collection's count, and the sum of its ids' hashes where it is small enough, as one text. */
async function statesOf(
  store: SourceStore,
  found: readonly CollectionInfo[],
  { signal }: DoctorContext,
): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  if (!store.capabilities.live) return states;
  for (const info of found) {
    const count = await store.count(info, { signal }).catch(() => -1);
    // Chroma Cloud lists a few hundred a request; there the counts have to do.
    const listed = count >= 0 && count <= idsMax && store.identity.kind !== "chroma-cloud";
    states.set(info.key, `${count} ${listed ? await idsText(store, info, signal) : ""}`);
  }
  return states;
}

async function idsText(
  store: SourceStore,
  info: CollectionInfo,
  signal: AbortSignal,
): Promise<string> {
  let sum = 0;
  for await (const ids of store.ids(info, { signal }))
    for (const id of ids) sum = (sum + hash(id)) >>> 0;
  return String(sum);
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1)
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}

function countOf(state: string | undefined): number {
  return Number(state?.split(" ")[0] ?? -1);
}
