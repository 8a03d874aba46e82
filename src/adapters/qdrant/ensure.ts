/** A collection made as it is wanted, or found fitting: its vectors, shards, indexes and note, and the names that lead to it. */
import { isVectorError, VectorError } from "../../errors.ts";
import type { CollectionSpec } from "../../model/collection.ts";
import type { CallOptions, EnsureOptions } from "../../store/port.ts";
import type { CollectionChange, CollectionState, QdrantApi } from "./api.ts";
import { describedChange, describedParams } from "./described.ts";
import { assertFits, lacking } from "./fit.ts";
import { changeOf, firstNote } from "./note.ts";

/** @throws E_SCHEMA_CONFLICT, E_NOT_SUPPORTED, and what the Qdrant refuses */
export async function ensureCollection(
  api: QdrantApi,
  spec: CollectionSpec,
  { aliases = [], holdIndexing = false, ...call }: EnsureOptions,
): Promise<{ created: boolean }> {
  const created =
    (await findCollection(api, spec.name, call)) === null && (await make(api, spec, call));
  const state = await api.get(spec.name, call);
  assertFits(spec, state);
  const change = wantedChange(api, spec, state, { created, hold: holdIndexing });
  if (change !== null) await api.update(spec.name, change, call);
  if (spec.shardKeys !== undefined) await makeShards(api, spec, created, call);
  for (const index of lacking(spec, state)) await api.createIndex(spec.name, index, call);
  if (aliases.length > 0) await makeAliases(api, spec.name, aliases, call);
  return { created };
}

/** Null where there is none. */
export async function findCollection(
  api: QdrantApi,
  name: string,
  options: CallOptions,
): Promise<CollectionState | null> {
  try {
    return await api.get(name, options);
  } catch (error) {
    if (isVectorError(error, "E_COLLECTION_NOT_FOUND")) return null;
    throw error;
  }
}

/** False where another made it in the meantime. */
async function make(api: QdrantApi, spec: CollectionSpec, options: CallOptions): Promise<boolean> {
  try {
    await api.create(spec, firstNote(spec), options);
  } catch (error) {
    if (isVectorError(error, "E_SCHEMA_CONFLICT")) return false;
    throw error;
  }
  // What of a description no creation takes.
  const params = describedParams(spec);
  if (params !== null) await api.update(spec.name, { params }, options);
  return true;
}

function wantedChange(
  { notes }: QdrantApi,
  spec: CollectionSpec,
  state: CollectionState,
  how: { readonly created: boolean; readonly hold: boolean },
): CollectionChange | null {
  // What was described has its note, or none, already.
  if (spec.described !== undefined) return describedChange(spec, state, how);
  return notes ? changeOf(spec, state, how) : null;
}

/** A collection that this call made and whose shards cannot be made is taken away again. */
async function makeShards(
  api: QdrantApi,
  { name, shardKeys = [] }: CollectionSpec,
  created: boolean,
  options: CallOptions,
): Promise<void> {
  const there = created ? [] : await api.shardKeys(name, options);
  try {
    for (const shard of shardKeys)
      if (!there.some(({ key }) => key === shard.key))
        await api.createShardKey(name, shard, options);
  } catch (error) {
    if (!isVectorError(error, "E_REJECTED")) throw error;
    if (created) await api.drop(name, options);
    throw new VectorError(
      "E_NOT_SUPPORTED",
      `${api.address} does not make shards that points are put into by hand, as collection "${name}" has them.`,
      { cause: error, next: "Give a Qdrant that runs as a cluster; it may be a cluster of one." },
    );
  }
}

/** @throws E_SCHEMA_CONFLICT where one of them leads elsewhere, or is a collection's own; then none is made */
async function makeAliases(
  api: QdrantApi,
  name: string,
  wanted: readonly string[],
  options: CallOptions,
): Promise<void> {
  const there = new Map(
    ((await api.aliases(options)) ?? []).map(({ alias, collection }) => [alias, collection]),
  );
  const names = new Set(await api.list(options));
  for (const alias of wanted) {
    const elsewhere = names.has(alias) ? alias : there.get(alias);
    if (elsewhere === undefined || elsewhere === name) continue;
    const what = names.has(alias) ? "is a collection of its own" : `leads to "${elsewhere}"`;
    throw new VectorError(
      "E_SCHEMA_CONFLICT",
      `The alias "${alias}" is wanted for collection "${name}", and the name ${what} at ${api.address}.`,
      { details: { collection: name, alias, elsewhere } },
    );
  }
  for (const alias of wanted)
    if (!there.has(alias)) await api.createAlias({ alias, collection: name }, options);
}
