/** `snapshot recover`: everything is looked at first; then each collection is recovered, waited for, counted, and a sample of it compared. */
import { VectorError } from "../../errors.ts";
import { assertCollectionName } from "../../model/collection-name.ts";
import type { SnapshotPriority, SnapshotStore, StandingState } from "../../store/snapshots.ts";
import { systemClock } from "../../util/clock.ts";
import { parseJson } from "../../util/json.ts";
import type { SnapshotContext } from "./create.ts";
import { type Recoverable, readSource } from "./source.ts";

export interface RecoverRequest {
  /** A folder of snapshots, a file, or a URL. */
  readonly from: string;
  /** Which of those in it; null = all. Where the file does not say whose it is, the one name that it gets. */
  readonly collections: readonly string[] | null;
  /** Other names at the target. */
  readonly renames: ReadonlyMap<string, string>;
  /** Whether collections that stand there may be replaced. */
  readonly overwrite: boolean;
  readonly priority: SnapshotPriority;
  /** SHA-256 of a file or of what a URL gives; null = not known. */
  readonly sha256: string | null;
  readonly dryRun: boolean;
  /** How long a recovered collection may take to settle. */
  readonly waitMs: number;
}

/** One collection of the target: what was to be there, and what is. */
export interface Recovered {
  readonly collection: string;
  readonly target: string;
  /** Points that stood there before; null = the collection was not there. */
  readonly replaced: number | null;
  /** null = not counted when the snapshot was made. */
  readonly expected: { readonly min: number; readonly max: number } | null;
  /** null = a dry run. */
  readonly points: number | null;
  readonly sampled: number;
  /** Ids, as JSON text, of sampled points that are not there, or differ. */
  readonly differing: readonly string[];
  readonly same: boolean;
}

export interface RecoverOutcome {
  readonly exit: 0 | 4;
  readonly recovered: readonly Recovered[];
  /** Aliases that were made; those that lead elsewhere already are left. */
  readonly aliases: readonly string[];
  readonly aliasesLeft: readonly string[];
}

interface Step {
  readonly wanted: Recoverable;
  readonly collection: string;
  readonly target: string;
  readonly standing: StandingState | null;
}

const lookEveryMs = 250;
/** Counts that stay as they are for so long will not change any more. */
const stillMs = 3_000;

/** @throws E_SCHEMA_CONFLICT where a collection stands there and --overwrite is not said; and what `readSource` throws: all before the first change */
export async function recoverSnapshots(
  store: SnapshotStore,
  request: RecoverRequest,
  context: SnapshotContext,
): Promise<RecoverOutcome> {
  const { signal, onStep } = context;
  const source = await readSource(store, request.from, request.sha256, signal);
  const steps = await planSteps(store, source.recoverables, request, signal);
  const recovered: Recovered[] = [];
  for (const step of steps) {
    const { collection, target, standing, wanted } = step;
    const replaced = standing === null ? null : Math.max(...standing.points);
    const plan = {
      collection,
      target,
      replaced,
      expected: wanted.points,
      sampled: wanted.sample.size,
    };
    if (request.dryRun) {
      recovered.push({ ...plan, points: null, differing: [], same: true });
      continue;
    }
    onStep(
      replaced === null
        ? `Recovering ${target}.`
        : `Recovering ${target}: ${replaced} points that stand there are replaced.`,
    );
    await send(store, step, request.priority, signal);
    const points = await settle(store, target, wanted.points, request.waitMs, signal);
    const differing = await differingOf(store, target, wanted.sample, signal);
    const same = isExpected(points, wanted.points) && differing.length === 0;
    recovered.push({ ...plan, points, differing, same });
    onStep(`${target}: ${points} points${same ? "" : ", not as they were"}.`);
  }
  const exit = recovered.every(({ same }) => same) ? 0 : 4;
  if (request.dryRun) return { exit, recovered, aliases: [], aliasesLeft: [] };
  return { exit, recovered, ...(await setAliases(store, source.aliases, steps, signal)) };
}

async function planSteps(
  store: SnapshotStore,
  all: readonly Recoverable[],
  { collections, renames, overwrite }: RecoverRequest,
  signal: AbortSignal,
): Promise<Step[]> {
  const steps: Step[] = [];
  for (const { wanted, collection } of choose(all, collections)) {
    const target = renames.get(collection) ?? collection;
    assertCollectionName(target);
    const twin = steps.find((step) => step.target === target);
    if (twin !== undefined) {
      const both = `${JSON.stringify(twin.collection)} and ${JSON.stringify(collection)}`;
      throw new VectorError(
        "E_NAME",
        `Both ${both} would be recovered as ${JSON.stringify(target)}.`,
      );
    }
    const standing = await store.state(target, { signal });
    if (standing !== null && !overwrite) {
      throw new VectorError(
        "E_SCHEMA_CONFLICT",
        `${store.identity.address} has a collection "${target}" of ${Math.max(...standing.points)} points, which the snapshot would replace.`,
        {
          next: "Say --overwrite to replace it, or give another name: --rename OLD=NEW.",
          details: { collection: target, points: standing.points },
        },
      );
    }
    assertFits(store, wanted, target, standing);
    assertName(wanted, target);
    steps.push({ wanted, collection, target, standing });
  }
  return steps;
}

/** Those that were asked for, each with a name. @throws E_COLLECTION_NOT_FOUND, E_USAGE */
function choose(
  all: readonly Recoverable[],
  names: readonly string[] | null,
): { readonly wanted: Recoverable; readonly collection: string }[] {
  const [only, ...more] = all;
  if (
    only !== undefined &&
    more.length === 0 &&
    (only.collection === null || names?.length === 1)
  ) {
    // A file of one collection says no name, or one that may be changed.
    const collection = names?.length === 1 ? names[0] : undefined;
    if (collection !== undefined && (only.collection ?? collection) === collection)
      return [{ wanted: only, collection }];
    if (only.collection === null) {
      throw new VectorError("E_USAGE", "The snapshot does not say whose it is.", {
        next: "Name the collection that it becomes: --collection NAME.",
      });
    }
  }
  const wanted = names ?? all.map(({ collection }) => collection ?? "");
  return wanted.map((collection) => {
    const found = all.find((one) => one.collection === collection);
    if (found !== undefined) return { wanted: found, collection };
    const there = all.map((one) => JSON.stringify(one.collection)).join(", ");
    throw new VectorError(
      "E_COLLECTION_NOT_FOUND",
      `The snapshots hold no collection "${collection}". They hold ${there || "none"}.`,
    );
  });
}

/** @throws E_SNAPSHOT_FORMAT, E_SCHEMA_CONFLICT */
function assertFits(
  store: SnapshotStore,
  { pieces, description }: Recoverable,
  target: string,
  standing: StandingState | null,
): void {
  const sharded = pieces.some(({ shard }) => shard !== null);
  const { kind, address } = store.identity;
  if (!sharded) {
    if (!store.cluster) return;
    throw new VectorError(
      "E_SNAPSHOT_FORMAT",
      `${address} is a cluster, and the snapshot of "${target}" is one server's: a cluster recovers each shard for itself.`,
      {
        next: "Recover it at a single server, and move the points: `vecferry migrate http://server:6333 http://node:6333`.",
      },
    );
  }
  if (kind === "embedded" || description === null) {
    throw new VectorError(
      "E_SNAPSHOT_FORMAT",
      `${address} does not take the snapshots of "${target}", which are of single shards.`,
    );
  }
  if (standing === null) return;
  for (const field of ["vectors", "sparse_vectors", "shard_number", "shardKeys"]) {
    const [had, has] = [description, standing.description].map((text) => paramOf(text, field));
    if (had === has) continue;
    throw new VectorError(
      "E_SCHEMA_CONFLICT",
      `The collection "${target}" at ${address} has other ${field} than the snapshot: ${has} there, ${had} in it.`,
    );
  }
}

/** @throws E_SNAPSHOT_FORMAT */
function assertName({ pieces }: Recoverable, target: string): void {
  for (const piece of pieces) {
    if (!("content" in piece) || !piece.content.fixed) continue;
    const { collection, path } = piece.content;
    if (collection === target) continue;
    throw new VectorError(
      "E_SNAPSHOT_FORMAT",
      `${path} is one of everything: "${collection}" in it keeps its name.`,
      { next: "Recover it under its own name, without --rename." },
    );
  }
}

function paramOf(description: string, field: string): string {
  const { configuration, ...others } = Object(parseJson(description));
  const value: unknown = { ...Object(Object(configuration).params), ...others }[field];
  // A replica that is lost is no other collection.
  return JSON.stringify(value ?? null, (key, member) => (key === "replicas" ? undefined : member));
}

/** Recovers one collection, as a whole or, where it was not there, not at all. */
async function send(
  store: SnapshotStore,
  { wanted, target, standing }: Step,
  priority: SnapshotPriority,
  signal: AbortSignal,
): Promise<void> {
  const { pieces, description } = wanted;
  const made = standing === null && pieces.some(({ shard }) => shard !== null);
  if (made && description !== null) await store.make(target, description, { signal });
  try {
    const places = store.cluster ? (await store.places(target, { signal })).flat() : [];
    for (const piece of pieces) {
      const { shard, sha256 } = piece;
      const alone = { collection: target, shard, node: 0 };
      const place = store.cluster ? places.find((one) => one.shard === shard) : alone;
      if (place === undefined) throw withoutShard(target, shard);
      const options = { priority, sha256, signal };
      if ("location" in piece) await store.recover(place, piece.location, options);
      else await store.upload(place, piece.content, options);
    }
  } catch (error) {
    if (made) await store.drop(target);
    throw error;
  }
}

function withoutShard(target: string, shard: number | null): VectorError {
  return new VectorError("E_SCHEMA_CONFLICT", `The collection "${target}" has no shard ${shard}.`, {
    next: "Delete the collection that stands there, and recover it anew.",
  });
}

/** Waits until every replica is active and every node counts the same; gives that count. @throws E_NOT_GREEN */
async function settle(
  store: SnapshotStore,
  target: string,
  expected: Recovered["expected"],
  waitMs: number,
  signal: AbortSignal,
): Promise<number> {
  const endMs = performance.now() + waitMs;
  let last = "";
  let sinceMs = performance.now();
  for (;;) {
    const state = await store.state(target, { signal });
    const points = state?.points ?? [];
    const [count = 0] = points;
    const agreed = state?.settled === true && points.every((one) => one === count);
    const now = performance.now();
    const said = JSON.stringify([agreed, points]);
    if (said !== last) {
      last = said;
      sinceMs = now;
    }
    const still = store.nodes.length === 1 || now - sinceMs >= lookEveryMs * 2;
    if (agreed && still && isExpected(count, expected)) return count;
    if (agreed && now - sinceMs >= stillMs) return count;
    if (now >= endMs) {
      throw new VectorError(
        "E_NOT_GREEN",
        `"${target}" was recovered, and its replicas have not settled within ${Math.round(waitMs / 1000)} s: the nodes count ${points.join(", ")} points.`,
        { next: "Look at GET /collections/NAME/cluster of each node; wait longer with --wait-ms." },
      );
    }
    await systemClock.sleep(lookEveryMs, signal);
  }
}

function isExpected(points: number, expected: Recovered["expected"]): boolean {
  return expected === null || (points >= expected.min && points <= expected.max);
}

async function differingOf(
  store: SnapshotStore,
  target: string,
  sample: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<string[]> {
  const found = await store.digests(target, [...sample.keys()], { signal });
  return [...sample].filter(([id, digest]) => found.get(id) !== digest).map(([id]) => id);
}

async function setAliases(
  store: SnapshotStore,
  aliases: ReadonlyMap<string, string>,
  steps: readonly Step[],
  signal: AbortSignal,
): Promise<Pick<RecoverOutcome, "aliases" | "aliasesLeft">> {
  const standing = await store.aliases({ signal });
  const made: string[] = [];
  const left: string[] = [];
  for (const [alias, collection] of aliases) {
    const step = steps.find((one) => one.collection === collection);
    if (step === undefined) continue;
    const leadsTo = standing.get(alias);
    if (leadsTo === step.target) continue;
    if (leadsTo !== undefined) {
      left.push(alias);
      continue;
    }
    await store.setAlias(alias, step.target, { signal });
    made.push(alias);
  }
  return { aliases: made, aliasesLeft: left };
}
