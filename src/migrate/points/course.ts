/** One collection whose points go as they are: where it comes from, where it goes, and under which name. */
import { VectorError } from "../../errors.ts";
import { batchTargetBytes, optimalBatchSize } from "../../model/batch-size.ts";
import {
  type CollectionInfo,
  type CollectionNote,
  type CollectionSpec,
  defaultSettings,
  parseNote,
} from "../../model/collection.ts";
import { assertCollectionName } from "../../model/collection-name.ts";
import type { TargetStore } from "../../store/port.ts";
import { targetInfo } from "../target-spec.ts";
import { holdsHalves } from "./described.ts";
import type { PointsRequest } from "./request.ts";
import type { PointSource } from "./source.ts";

export interface Course {
  readonly source: PointSource;
  readonly target: TargetStore;
  /** As the source has it. */
  readonly info: CollectionInfo;
  readonly spec: CollectionSpec;
  /** As the target's is read: payloads as they are. */
  readonly there: CollectionInfo;
  /** Rows a batch. */
  readonly batchSize: number;
  /** Whether vectors may come back with another last bit of 16: see `holdsHalves`. */
  readonly halves: boolean;
  /** Whether floats of payloads may come back as their neighbours: see `floats.ts`. */
  readonly respells: boolean;
}

type Naming = Pick<PointsRequest, "renames" | "targetCollection">;

/** Bytes of payload that a batch is reckoned with; the store cuts what turns out larger. */
const payloadBytes = 2000;

/** The ways that these collections go. @throws E_COLLECTION_NOT_FOUND, E_CONFIG, E_NAME */
export function coursesOf(
  source: PointSource,
  target: TargetStore,
  infos: readonly CollectionInfo[],
  request: Naming & Pick<PointsRequest, "batchSize">,
): Course[] {
  return namesOf(infos, request, source.word).map(([info, name]) => {
    const spec = specOf(info, name);
    const dimension = info.dimension ?? 0;
    const reckoned = { targetBytes: batchTargetBytes, dimension, payloadBytes };
    const batchSize = request.batchSize ?? optimalBatchSize(reckoned);
    const there = { ...targetInfo(spec), note: null };
    const halves = holdsHalves(info);
    const respells = target.identity.kind === "qdrant";
    return { source, target, info, spec, there, batchSize, halves, respells };
  });
}

/** Where each collection goes. */
function namesOf(
  infos: readonly CollectionInfo[],
  { renames, targetCollection }: Naming,
  word: string,
): (readonly [CollectionInfo, string])[] {
  const unknown = [...renames.keys()].filter((name) => infos.every((info) => info.name !== name));
  if (unknown.length > 0) {
    throw new VectorError(
      "E_COLLECTION_NOT_FOUND",
      `--rename names ${unknown.map((name) => JSON.stringify(name)).join(", ")}, which is not among the ${word}'s collections: ${infos.map(({ name }) => JSON.stringify(name)).join(", ")}.`,
    );
  }
  const names = infos.map(
    (info) => [info, targetCollection ?? renames.get(info.name) ?? info.name] as const,
  );
  for (const [, name] of names) assertCollectionName(name);
  for (const [name, same] of Map.groupBy(names, ([, name]) => name)) {
    if (same.length === 1) continue;
    throw new VectorError(
      "E_CONFIG",
      `${same.length} collections of the ${word} would go into ${JSON.stringify(name)}, and their points would meet there.`,
      { next: "Give each a name of its own with --rename OLD=NEW." },
    );
  }
  return names;
}

function specOf(info: CollectionInfo, name: string): CollectionSpec {
  const note: CollectionNote | null = parseNote(info.name, info.note);
  const { configuration, schema, vectors, shardKeys } = info;
  return {
    name,
    dimension: info.dimension ?? 0,
    distance: info.distance ?? "l2",
    layout: note?.layout ?? "vecferry",
    tenanted: note?.tenanted ?? false,
    ...defaultSettings,
    sources: note?.sources ?? [],
    ...(note?.model === undefined ? {} : { model: note.model }),
    ...(vectors === undefined ? {} : { vectors }),
    ...(shardKeys === undefined ? {} : { shardKeys }),
    // FAISS files have no description of their own: such a collection is made from its dimension, distance and note.
    ...(configuration === null || schema === null ? {} : { described: { configuration, schema } }),
  };
}
