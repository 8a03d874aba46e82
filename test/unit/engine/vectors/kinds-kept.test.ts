import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openEngine } from "../../../../src/engine/index.ts";
import type { VectorColumn } from "../../../../src/model/record.ts";
import { askEngine, everyKind } from "../../../support/ask-engine.ts";

describe("vectors in a folder", () => {
  it("are there again after reopening, of every kind, with what was changed and taken away", async () => {
    const folder = await mkdtemp(join(tmpdir(), "vecferry-kinds-"));
    try {
      const points = Array.from({ length: 200 }, (_unused, id) => ({
        id,
        vector: {
          d: [id, 1],
          m: Array.from({ length: 1 + (id % 3) }, (_vector, at) => [id + 0.5, at]),
          s: { indices: [id, 1000], values: [1, id] },
          h: [id, id],
        },
      }));
      const read = { filter: {}, limit: 300, with_vector: true };
      const near = { query: { indices: [1000], values: [1] }, using: "s", limit: 3 };
      let before: Awaited<ReturnType<typeof askEngine>>[];
      {
        await using own = await openEngine(folder);
        await askEngine(own, "createCollection", "c", everyKind);
        await askEngine(own, "upsertPoints", "c", { points });
        await askEngine(own, "deletePoints", "c", { points: [3, 199] });
        await askEngine(own, "deleteVectors", "c", { points: [5], vector: ["s", "m"] });
        await askEngine(own, "updateVectors", "c", {
          points: [{ id: 7, vector: { m: [[9.5, 9]], s: { indices: [], values: [] } } }],
        });
        await askEngine(own, "deleteVectorName", "c", undefined, { vector_name: "h" });
        before = [
          await askEngine(own, "scrollPoints", "c", read),
          await askEngine(own, "queryPoints", "c", near),
        ];
      }
      await using own = await openEngine(folder);
      expect(own.damaged.size).toBe(0);
      const after = [
        await askEngine(own, "scrollPoints", "c", read),
        await askEngine(own, "queryPoints", "c", near),
      ];
      expect(after).toEqual(before);
      expect(before[0].points).toHaveLength(198);
      expect(before[1].points.map(({ id }: { id: number }) => id)).toEqual([198, 197, 196]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("go through the columnar calls too, both ways", async () => {
    const vectors = new Map<string, VectorColumn>([
      [
        "s",
        {
          kind: "sparse",
          offsets: Uint32Array.of(0, 2, 2),
          indices: Uint32Array.of(9, 4),
          values: Float32Array.of(1, 2),
          present: null,
        },
      ],
      [
        "m",
        {
          kind: "multi",
          dimension: 2,
          offsets: Uint32Array.of(0, 2, 2),
          data: Float32Array.of(1, 2, 3, 4),
          present: Uint8Array.of(1, 0),
        },
      ],
    ]);
    await using engine = await openEngine(":memory:");
    await askEngine(engine, "createCollection", "columns", everyKind);
    await engine.upsert("columns", { ids: ["1", "2"], vectors, payloads: [null, null] });
    const found = await engine.retrieve("columns", ["1", "2"], { withVector: ["s", "m"] });
    expect(found.vectors.get("m")).toEqual(vectors.get("m"));
    expect(found.vectors.get("s")).toEqual({
      ...vectors.get("s"),
      indices: Uint32Array.of(4, 9),
      values: Float32Array.of(2, 1),
    });
    const torn = { ...vectors.get("s"), offsets: Uint32Array.of(0, 3, 2) } as VectorColumn;
    const refused = engine.upsert("columns", {
      ids: ["3", "4"],
      vectors: new Map([["s", torn]]),
      payloads: [null, null],
    });
    await expect(refused).rejects.toMatchObject({ code: "E_INPUT" });
    expect(await engine.count("columns")).toBe(2);
  });
});
