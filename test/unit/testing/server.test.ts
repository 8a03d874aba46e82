import { QdrantClient } from "@qdrant/js-client-rest";
import { expect, it, vi } from "vitest";
import { startServer } from "../../../src/testing/server.ts";
import { temporaryFolder } from "../../support/cli.ts";

it("starts servers on ports of their own, and frees them with their block", async () => {
  let url: string;
  {
    await using one = await startServer();
    await using other = await startServer();
    url = one.url;
    expect(one).toMatchObject({ url: `http://127.0.0.1:${one.port}`, clientOptions: { url } });
    expect(other.port).not.toBe(one.port);
    await new QdrantClient(one.clientOptions).createCollection("c", {
      vectors: { size: 1, distance: "Dot" },
    });
    expect(await new QdrantClient(other.clientOptions).getCollections()).toEqual({
      collections: [],
    });
    expect((await fetch(url)).status).toBe(200);
  }
  await expect(fetch(url)).rejects.toThrow();
});

it("asks for the key that it was given, and gives it to its clients", async () => {
  vi.spyOn(console, "warn").mockReturnValue();
  await using server = await startServer({ apiKey: "secret" });
  expect((await fetch(`${server.url}/collections`)).status).toBe(401);
  const client = new QdrantClient(server.clientOptions);
  expect(await client.getCollections()).toEqual({ collections: [] });
});

it("keeps a folder's collections", async () => {
  using folder = temporaryFolder();
  {
    await using server = await startServer({ path: folder.path });
    const client = new QdrantClient(server.clientOptions);
    await client.createCollection("c", { vectors: { size: 1, distance: "Dot" } });
    await expect(startServer({ path: folder.path })).rejects.toMatchObject({ code: "E_LOCKED" });
  }
  await using server = await startServer({ path: folder.path });
  const client = new QdrantClient(server.clientOptions);
  expect(await client.collectionExists("c")).toEqual({ exists: true });
});
