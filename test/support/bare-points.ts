/** Points of nobody's: payloads that no layout has made. And what is asked of a run that carries them as they are. */
import type { PointsRequest } from "../../src/migrate/points/request.ts";
import { defaultRequest } from "../../src/migrate/request.ts";
import type { PointBatch } from "../../src/model/record.ts";
import { testSpec } from "../../src/testing/target-records.ts";
import { vectorBatch } from "../../src/testing/vector-points.ts";

export const bareSpec = testSpec({
  name: "points",
  dimension: 2,
  indexes: [{ key: "kind", type: "keyword" }],
  sources: [],
});

/** The points of these numbers, as they are in their `version`: numbers and UUIDs in turn. */
export function barePoints(numbers: readonly number[], version = 0): PointBatch {
  const points = numbers.map((at) => ({
    point:
      at % 2 === 0
        ? String(at)
        : `${(at % 256).toString(16).padStart(2, "0")}000000-0000-4000-8000-${String(at).padStart(12, "0")}`,
    vectors: { "": { dense: [at, version - at / 3] } },
    payload: `{"kind":"k${at % 3}","version":${version}}`,
  }));
  return vectorBatch(points, [{ name: "", kind: "dense", dimension: 2, distance: "Euclid" }]);
}

/** The numbers below `count`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

export function pointsRequest(changes: Partial<PointsRequest> = {}): PointsRequest {
  return {
    command: "migrate",
    scope: defaultRequest.scope,
    renames: new Map(),
    targetCollection: null,
    merge: false,
    overwrite: false,
    propagateDeletes: false,
    aliases: true,
    indexing: "after",
    waitGreen: false,
    batchSize: null,
    ...changes,
  };
}
