import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openEmbedded, openQdrant } from "../../src/adapters/qdrant/store.ts";
import { openEngine } from "../../src/engine/index.ts";
import { serve } from "../../src/server/serve.ts";
import type { Road } from "../../src/store/registry.ts";
import { targetSuite } from "../../src/testing/target-suite.ts";
import { realGrpcPort } from "../support/qdrant-places.ts";

const kit = { describe, it };

targetSuite(kit, {
  name: "embedded :memory:",
  keeps: false,
  vectors: "all",
  open: () => openEmbedded(":memory:"),
});

const folder = mkdtempSync(join(tmpdir(), "vecferry-conformance-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
targetSuite(kit, {
  name: "embedded folder",
  keeps: true,
  vectors: "all",
  open: () => openEmbedded(folder),
});

/** Runs the suite by one road, and sees that it was this one that was taken. */
function serverSuite(
  name: string,
  road: Road["road"],
  address: { readonly url: string; readonly grpcPort: number | "off" | null },
  apiKey?: string,
): void {
  const roads = new Set<string>();
  const onRoad = (taken: Road): void => void roads.add(taken.road);
  targetSuite(kit, {
    name: `${name} by ${road === "grpc" ? "gRPC" : "REST"}`,
    keeps: true,
    vectors: "all",
    open: () => openQdrant(address, { onRoad, ...(apiKey ? { apiKey } : {}) }),
  });
  describe(name, () => {
    it(`was spoken to by ${road}`, () => expect([...roads]).toEqual([road]));
  });
}

const engine = await openEngine(":memory:");
const server = await serve(engine, { port: 0 });
afterAll(async () => {
  await server.close();
  await engine[Symbol.asyncDispose]();
});
serverSuite("embedded behind its server", "rest", { url: server.url, grpcPort: "off" });
serverSuite("embedded behind its server", "grpc", {
  url: server.url,
  grpcPort: server.grpcPort,
});

const url = process.env["QDRANT_URL"];
const apiKey = process.env["QDRANT_API_KEY"];
if (url) {
  serverSuite("Qdrant server", "rest", { url, grpcPort: "off" }, apiKey);
  serverSuite("Qdrant server", "grpc", { url, grpcPort: realGrpcPort(url) }, apiKey);
} else {
  describe.skip("Qdrant server as a target (QDRANT_URL is not set)", () => {
    it("passes the suite", () => undefined);
  });
}
