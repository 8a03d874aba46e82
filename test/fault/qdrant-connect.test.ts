import { createServer } from "node:http2";
import { describe, expect, it } from "vitest";
import { openQdrant } from "../../src/adapters/qdrant/index.ts";
import { startStub } from "../support/stub.ts";

const greeting = { title: "qdrant - vector search engine", version: "1.18.2" };
const empty = { body: { result: { collections: [] }, status: "ok", time: 0 } };

describe("opening a Qdrant", () => {
  it.each([
    ["an HTML page", { body: "<!doctype html><title>Welcome</title>" }],
    ["another JSON API", { body: { "nanosecond heartbeat": 1 } }],
    ["another title", { body: { title: "weaviate", version: "1.18.2" } }],
    ["404", { status: 404, body: { detail: "Not Found" } }],
    ["a redirect", { status: 302, headers: { location: "/login" }, body: "" }],
  ])("says that it is none where %s answers", async (_name, answer) => {
    await using stub = await startStub(() => answer);
    const refusal = { code: "E_NOT_QDRANT", exit: 2, message: expect.stringContaining(stub.url) };
    await expect(openQdrant({ url: stub.url })).rejects.toMatchObject(refusal);
  });

  it("says that it is none where the gRPC port answers", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    try {
      const url = `http://127.0.0.1:${port}`;
      await expect(openQdrant({ url })).rejects.toMatchObject({ code: "E_NOT_QDRANT" });
    } finally {
      server.close();
    }
  });

  it("says that nobody is there", async () => {
    const url = "http://127.0.0.1:1";
    await expect(openQdrant({ url })).rejects.toMatchObject({ code: "E_UNREACHABLE", exit: 5 });
  });

  it("refuses a server that is too old", async () => {
    await using stub = await startStub(() => ({ body: { ...greeting, version: "1.9.7" } }));
    await expect(openQdrant({ url: stub.url })).rejects.toMatchObject({ code: "E_NOT_SUPPORTED" });
  });

  it.each([401, 403])("says that the key is wrong at %i, and shows it nowhere", async (status) => {
    await using stub = await startStub(({ path }) =>
      path === "/" ? { body: greeting } : { status, body: "Must provide an API key" },
    );
    const opening = openQdrant({ url: stub.url }, { apiKey: "s3cret-key" });
    const error: unknown = await opening.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "E_AUTH", exit: 2 });
    expect(JSON.stringify(error) + String(error)).not.toContain("s3cret");
    expect(stub.requests.at(-1)?.headers["api-key"]).toBe("s3cret-key");
  });

  it("asks for answers without compression, and keeps no notes where a server has no place for them", async () => {
    await using stub = await startStub(({ path }) =>
      path === "/" ? { body: { ...greeting, version: "1.15.9" } } : empty,
    );
    await using store = await openQdrant({ url: stub.url });
    expect(store.capabilities).toMatchObject({ notes: false, live: true });
    expect(store.identity).toMatchObject({ kind: "qdrant", address: stub.url, version: "1.15.9" });
    expect(stub.requests.every(({ headers }) => headers["accept-encoding"] === "identity")).toBe(
      true,
    );
  });
});
