/** What a run over points will do, before it does it: nothing is written anywhere. */

import { z } from "zod";
import type { CollectionInfo, VectorShape } from "../../model/collection.ts";
import { qdrantDistances } from "../../model/distance.ts";
import type { StoreIdentity, TargetStore } from "../../store/port.ts";
import { migrationKey, runOf } from "../plan.ts";
import type { RunContext } from "../request.ts";
import { phase } from "../telling.ts";
import { enterCourses } from "./enter.ts";
import { leftKey, readLeft } from "./left.ts";
import { type Held, lookAt } from "./look.ts";
import type { PointsRequest } from "./request.ts";
import type { PointSource } from "./source.ts";

export interface PointsPlan {
  readonly format: 1;
  readonly source: StoreIdentity;
  readonly target: StoreIdentity;
  readonly collections: readonly PlannedPoints[];
}

export interface PlannedPoints {
  readonly name: string;
  readonly target: string;
  readonly points: number;
  readonly vectors: readonly VectorShape[];
  /** Keys with a payload index. */
  readonly indexes: readonly string[];
  readonly aliases: readonly string[];
  readonly shardKeys: readonly string[];
  /** What stands at the target already; null = the collection is not there. */
  readonly standing: Pick<Held, "equal" | "others" | "missing" | "extra"> | null;
}

/** @throws as `runPoints` does before it writes anything */
export async function planPoints(
  source: PointSource,
  target: TargetStore,
  request: PointsRequest,
  context: RunContext,
): Promise<PointsPlan> {
  const run = runOf(migrationKey(source.identity, target.identity));
  const left = readLeft(context.stateFolder, run);
  const collections: PlannedPoints[] = [];
  for (const { course, found } of await enterCourses(source, target, request, context)) {
    const { info, spec } = course;
    phase(context, "check", info.name);
    const points = await source.count(info, context);
    const before = left.get(leftKey(course)) ?? null;
    const held = found === null ? null : await lookAt(course, before, request, context);
    collections.push({
      name: info.name,
      target: spec.name,
      points,
      vectors: info.vectors ?? [unnamedVector(info)],
      indexes: Object.keys(
        z.record(z.string(), z.unknown()).parse(JSON.parse(info.schema ?? "{}")),
      ),
      aliases: request.aliases ? (info.aliases ?? []) : [],
      shardKeys: info.shardKeys?.map(({ key }) => key) ?? [],
      standing: held === null ? null : standingOf(held, points),
    });
  }
  return { format: 1, source: source.identity, target: target.identity, collections };
}

function unnamedVector({ dimension, distance }: CollectionInfo): VectorShape {
  const metric = distance === null ? null : qdrantDistances[distance];
  return { name: "", kind: "dense", dimension, distance: metric };
}

function standingOf(held: Held, points: number): NonNullable<PlannedPoints["standing"]> {
  const { stands, equal, others, missing, extra } = held;
  return { equal, others, missing: stands ? missing : points, extra };
}
