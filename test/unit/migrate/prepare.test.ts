import { describe, expect, it } from "vitest";
import type { CollectionPlan } from "../../../src/migrate/collection-plan.ts";
import { prepare } from "../../../src/migrate/prepare.ts";
import type { Distance } from "../../../src/model/distance.ts";
import type { RecordBatch } from "../../../src/model/record.ts";
import { denseVector } from "../../../src/model/vector-column.ts";
import { blankCollection } from "../../support/blank-collection.ts";
import { planFor } from "../../support/collection-plan.ts";

const run = "0123456789abcdef";

function planOf(distance: Distance, change: Partial<CollectionPlan> = {}): CollectionPlan {
  return planFor(blankCollection("col", { dimension: 3, distance }), change);
}

function recordsOf(vectors: (number[] | null)[]): RecordBatch {
  const ids = vectors.map((_, row) => `r${row}`);
  const nulls = ids.map(() => null);
  return {
    ids,
    vectors: new Map([
      [
        "",
        {
          kind: "dense",
          dimension: 3,
          data: Float32Array.from(vectors.flatMap((vector) => vector ?? [0, 0, 0])),
          present: Uint8Array.from(vectors, (vector) => (vector === null ? 0 : 1)),
        },
      ],
    ]),
    payload: { documents: [...nulls], uris: [...nulls], metadata: [...nulls] },
  };
}

describe("prepare", () => {
  it("sends the source's own bits under l2 and ip", () => {
    const { batch } = prepare(recordsOf([[3.1, -0, 1e-40]]), planOf("l2"), run);
    const data = denseVector(batch)?.data;
    expect(Object.is(data?.[1], -0)).toBe(true);
    expect([...(data ?? [])]).toEqual([...Float32Array.of(3.1, -0, 1e-40)]);
    expect(batch.placement.norms[0]).toBeNaN();
  });

  it("sends unit vectors under cosine and keeps the norm, so that the source is within 3 ulp on the way back", () => {
    const source = Float32Array.of(3.1, -4.7, 0.25);
    const { batch } = prepare(recordsOf([[...source]]), planOf("cosine"), run);
    const sent = denseVector(batch)?.data ?? new Float32Array(3);
    const norm = batch.placement.norms[0] ?? 0;
    expect(Math.hypot(...sent)).toBeCloseTo(1, 6);
    const back = new Int32Array(Float32Array.from(sent, (component) => component * norm).buffer);
    new Int32Array(source.buffer).forEach((bits, index) => {
      expect(Math.abs(bits - (back[index] ?? 0))).toBeLessThanOrEqual(3);
    });
  });

  it("carries tiny and huge vectors under cosine, whose square float32 cannot hold", () => {
    const { batch, failures } = prepare(
      recordsOf([
        [1e-30, 0, 0],
        [3e38, 3e38, 0],
      ]),
      planOf("cosine"),
      run,
    );
    expect(failures).toEqual([]);
    expect([...(denseVector(batch)?.data ?? [])].map((component) => component.toFixed(3))).toEqual([
      "1.000",
      "0.000",
      "0.000",
      "0.707",
      "0.707",
      "0.000",
    ]);
  });

  it("names what cannot be carried, and keeps the others in their places", () => {
    const { batch, failures } = prepare(
      recordsOf([[1, 0, 0], null, [0, 0, 0], [Number.NaN, 1, 1], [Infinity, 1, 1], [0, 2, 0]]),
      planOf("cosine"),
      run,
    );
    expect(batch.ids).toEqual(["r0", "r5"]);
    expect([...(denseVector(batch)?.data ?? [])]).toEqual([1, 0, 0, 0, 1, 0]);
    expect(failures.map(({ id, reason }) => [id, reason])).toEqual([
      ["r1", "no-vector"],
      ["r2", "zero-vector"],
      ["r3", "not-finite"],
      ["r4", "not-finite"],
    ]);
  });

  it("carries zero vectors under l2", () => {
    expect(prepare(recordsOf([[0, 0, 0]]), planOf("l2"), run).failures).toEqual([]);
  });

  it("refuses vectors of another dimension", () => {
    const { batch, failures } = prepare(
      recordsOf([[1, 2, 3]]),
      planOf("l2", { dimension: 2 }),
      run,
    );
    expect(batch.ids).toEqual([]);
    expect(failures).toMatchObject([{ id: "r0", reason: "wrong-dimension" }]);
  });

  it("names points by tenant and prefix, and keeps the record's own id", () => {
    const plain = prepare(recordsOf([[1, 0, 0]]), planOf("l2"), run).batch;
    const tenant = prepare(
      recordsOf([[1, 0, 0]]),
      planOf("l2", { tenant: "t", merged: true }),
      run,
    ).batch;
    const prefixed = prepare(recordsOf([[1, 0, 0]]), planOf("l2", { idPrefix: "p-" }), run).batch;
    const points = [plain, tenant, prefixed].map((batch) => batch.placement.points[0]);
    expect(new Set(points).size).toBe(3);
    expect([plain, tenant, prefixed].map((batch) => batch.ids[0])).toEqual(["r0", "r0", "r0"]);
    expect(tenant.placement).toMatchObject({ tenants: ["t"], collections: ["col"], runs: [run] });
    expect(plain.placement.collections).toEqual([null]);
  });

  it.each(["cosine", "l2"] as const)(
    "makes the same points of vectors that it may take (%s)",
    (distance) => {
      const vectors = [[3.1, -4.7, 0.25], null, [1e-40, 0, 2], [Number.NaN, 1, 1], [0.1, 0.2, 0.3]];
      const own = prepare(recordsOf(vectors), planOf(distance), run);
      const taken = prepare(recordsOf(vectors), planOf(distance), run, { takeVectors: true });
      expect(taken).toEqual(own);
      expect(taken.batch.ids).toEqual(["r0", "r2", "r4"]);
      const records = recordsOf([[3, 4, 0]]);
      prepare(records, planOf(distance), run);
      expect([...(denseVector(records)?.data ?? [])]).toEqual([3, 4, 0]);
    },
  );
});
