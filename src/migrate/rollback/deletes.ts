/** Deletes in Chroma what was deleted at Qdrant since the migration. */
import type { TargetStore } from "../../store/port.ts";
import { throwIfAborted } from "../../util/abort.ts";
import { passStop } from "../../util/stops.ts";
import { pointOf } from "../collection-plan.ts";
import type { NamedRecords } from "./named.ts";
import { carriedIds, standingOf, type Way, type Witnesses } from "./way.ts";

export interface DeleteInput extends Witnesses {
  readonly ways: readonly Way[];
  readonly qdrant: TargetStore;
  readonly named: NamedRecords;
  readonly signal: AbortSignal;
}

const idsAtOnce = 100;

/** Looks at each again: only what is still gone at Qdrant, and still in Chroma as it was carried, is deleted. Returns how many were. */
export async function deleteSince(input: DeleteInput): Promise<number> {
  const { ways, chroma, named, signal } = input;
  let deleted = 0;
  for await (const { collection, ids } of named.ids("deleted", idsAtOnce)) {
    throwIfAborted(signal);
    const way = ways.find(({ plan }) => plan.source.name === collection);
    if (way?.standing == null) continue;
    const gone = await stillGone(way, ids, input);
    if (gone.length === 0) continue;
    await chroma.remove(way.standing, gone, { signal });
    passStop("after-acknowledge");
    deleted += gone.length;
  }
  return deleted;
}

async function stillGone(
  way: Way,
  ids: readonly string[],
  { qdrant, chroma, backup, signal }: DeleteInput,
): Promise<string[]> {
  const info = (await qdrant.collections({ signal })).find(({ name }) => name === way.plan.target);
  if (info === undefined || way.standing === null) return [];
  const points = new Map(ids.map((id) => [pointOf(way.plan, id), id]));
  const { absent } = await qdrant.read(info, [...points.keys()], { signal, vectors: false });
  const gone = absent.flatMap((point) => points.get(point) ?? []);
  const standing = standingOf(way, (await chroma.read(way.standing, gone, { signal })).batch);
  const row = (id: string) => way.ledger.byPoint(pointOf(way.plan, id));
  const known = { row, point: () => null };
  const carried = await carriedIds(way, standing, known, { chroma, backup }, signal);
  return gone.filter((id) => carried.has(id));
}
