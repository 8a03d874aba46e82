import { expect, it } from "vitest";
import { scrollRanges } from "../../../bench/reading.ts";
import { GrpcClient } from "../../../src/adapters/qdrant/grpc-client.ts";
import { openEngine } from "../../../src/engine/index.ts";
import { serve } from "../../../src/server/serve.ts";

it("a scroll whose answers nobody decodes counts each point once, though answers reach into the next range", async () => {
  const count = 5000;
  const engine = await openEngine(":memory:");
  await using server = await serve(engine, { port: 0, grpcPort: 0 });
  await engine.createCollection("c", { vectors: { size: 1, distance: "Dot" } });
  // Spread over all ids, as those of a copy are.
  const ids = Array.from(
    { length: count },
    (_, at) => `${hexOf(Math.floor((at * 2 ** 32) / count))}-0000-4000-8000-000000000000`,
  );
  const data = Float32Array.from(ids.keys());
  const vectors = new Map([["", { kind: "dense" as const, dimension: 1, data, present: null }]]);
  await engine.upsert("c", { ids, vectors, payloads: ids.map(() => null) });
  const client = new GrpcClient(`http://127.0.0.1:${server.grpcPort}`, {});
  expect(await scrollRanges(client, "c")).toBe(count);
  client.close();
  await engine.close();
});

function hexOf(value: number): string {
  return value.toString(16).padStart(8, "0");
}
