/** Which way points go to servers of several versions: gRPC before 1.12.2 does not know vectors in the form that is written. */
import { expect, it } from "vitest";
import { openQdrant } from "../../src/adapters/qdrant/index.ts";
import { openEngine } from "../../src/engine/index.ts";
import { serve } from "../../src/server/serve.ts";
import { batchOf, testSpec } from "../../src/testing/target-records.ts";
import { encodeHealth } from "../../src/wire/health.ts";
import { type Stub, startStub } from "../support/stub.ts";
import { startGrpcProxy } from "../support/stub-grpc.ts";

const title = "qdrant - vector search engine";

/** REST of the server at `url`, which greets as another version. */
function greetingAs(version: string, url: string): Promise<Stub> {
  return startStub(async ({ method, path, body }) => {
    if (path === "/") return { body: { title, version, commit: "" } };
    const init = { method, headers: { "content-type": "application/json" } };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(url + path, { ...init, ...sent });
    return { status: answer.status, body: await answer.text() };
  });
}

it.each([
  ["1.10.0", "rest"],
  ["1.12.6", "rest"],
  ["1.13.0", "grpc"],
  ["2.0.0", "grpc"],
])("Qdrant %s takes points by %s", async (version, road) => {
  await using engine = await openEngine(":memory:");
  await using server = await serve(engine, { port: 0 });
  await using rest = await greetingAs(version, server.url);
  const health = encodeHealth({ title, version }).subarray(5);
  await using grpc = await startGrpcProxy(`http://127.0.0.1:${server.grpcPort}`, ({ path }) =>
    path.endsWith("HealthCheck") ? { body: health } : undefined,
  );
  const said: string[] = [];
  const onRoad = ({ text }: { readonly text: string }) => void said.push(text);
  await using store = await openQdrant({ url: rest.url, grpcPort: grpc.port }, { onRoad });
  const spec = testSpec();
  await store.ensure(spec);
  await store.write(spec, batchOf([{ id: "a", vector: [1, 2, 3] }]));
  const lines: Record<string, string> = {
    rest: `Qdrant by REST: gRPC is used with Qdrant 1.13 and newer, and this is ${version}.`,
    grpc: `Qdrant by gRPC at port ${grpc.port}.`,
  };
  expect(said).toEqual([lines[road]]);
  expect(grpc.calls.includes("/qdrant.Points/Upsert")).toBe(road === "grpc");
});
