import { describe, expect, it } from "vitest";
import type { QdrantApi, WrittenColumns } from "../../../../src/adapters/qdrant/api.ts";
import { writeInMode } from "../../../../src/adapters/qdrant/modes.ts";
import { alone, unnamed } from "../../../support/vector-columns.ts";

/** A server that has no modes, and these points. */
function oldServer(there: readonly string[]) {
  const written: WrittenColumns[] = [];
  const api: Pick<QdrantApi, "modes" | "upsert" | "retrieve"> = {
    modes: false,
    upsert: async (_name, columns) => void written.push(columns),
    retrieve: async (_name, points) => {
      const found = points.filter((point) => there.includes(point));
      return { points: found, vectors: new Map(), payloads: found.map(() => null) };
    },
  };
  return { api, written };
}

const columns: WrittenColumns = {
  points: ["1", "2", "3"],
  vectors: alone(1, Float32Array.of(1, 2, 3)),
  payloads: ['{"a":1}', '{"a":2}', '{"a":3}'],
};

describe("writing to a server without modes", () => {
  it.each([
    ["insert", ["1", "3"], [1, 3]],
    ["update", ["2"], [2]],
  ] as const)("%s sends the points alone that it is for", async (mode, points, components) => {
    const { api, written } = oldServer(["2"]);
    await writeInMode(api, "c", columns, { mode });
    expect(written).toHaveLength(1);
    expect(written[0]?.points).toEqual(points);
    expect([...unnamed(written[0]?.vectors ?? new Map())]).toEqual(components);
    expect(written[0]?.payloads).toEqual(points.map((point) => `{"a":${point}}`));
  });

  it("sends nothing where no point is left", async () => {
    const { api, written } = oldServer([]);
    await writeInMode(api, "c", columns, { mode: "update" });
    expect(written).toEqual([]);
  });
});
