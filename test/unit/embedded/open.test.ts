import { QdrantClient } from "@qdrant/js-client-rest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openEmbedded } from "../../../src/embedded/open.ts";
import { temporaryFolder } from "../../support/cli.ts";
import { type ClientPlace, clientRoads, clientVersions } from "../../support/qdrant-clients.ts";

const largest = 2n ** 64n - 1n;
/** As the client's own types have ids, which know no bigint. */
const id = (value: bigint): number => value as unknown as number;
const uuid = "0f0f0f0f-1111-4222-8333-444444444444";

afterEach(() => vi.unstubAllGlobals());

const everyWay = clientVersions.flatMap((version) =>
  clientRoads.map((road) => ({ ...version, ...road })),
);

describe.each(everyWay)("the client $version $road", ({ Client, start }) => {
  async function withPoints(): Promise<ClientPlace> {
    const place = await start(Client);
    const { client } = place;
    await client.createCollection("c", { vectors: { size: 2, distance: "Dot" } });
    const points = [
      { id: id(largest), vector: [1, 0], payload: { n: 1 } },
      { id: id(2n ** 53n + 1n), vector: [2, 0], payload: { n: id(2n ** 63n - 1n) } },
      { id: uuid, vector: [3, 0] },
      { id: 4, vector: [4, 0], payload: null },
    ];
    const written = await client.upsert("c", { points });
    expect(written).toEqual({ operation_id: expect.any(Number), status: "completed" });
    return place;
  }

  it("is of its class, reads what it wrote, and keeps every digit of ids and integers", async () => {
    await using place = await withPoints();
    const { client } = place;
    expect(client).toBeInstanceOf(Client);
    expect(await client.getCollections()).toEqual({ collections: [{ name: "c" }] });
    expect(await client.count("c")).toEqual({ count: 4 });
    const { points } = await client.query("c", { query: [1, 0], limit: 2, with_vector: true });
    expect(points).toMatchObject([
      { id: 4, score: 4, vector: [4, 0] },
      { id: uuid, score: 3, vector: [3, 0] },
    ]);
    const page = await client.scroll("c", { limit: 2 });
    expect(page.points.map((point) => point.id)).toEqual([4, 2n ** 53n + 1n]);
    expect(page.points[1]?.payload).toEqual({ n: 2n ** 63n - 1n });
    expect(page.next_page_offset).toBe(largest);
    const rest = await client.scroll("c", { offset: id(largest) });
    expect(rest.points.map((point) => point.id)).toEqual([largest, uuid]);
    expect(await client.retrieve("c", { ids: [id(largest)] })).toMatchObject([{ id: largest }]);
    await client.delete("c", { points: [id(largest)] });
    expect(await client.count("c")).toEqual({ count: 3 });
  });
});

describe.each(clientVersions)("what the client $version says of a refusal", ({ Client }) => {
  it("is the same in process and over HTTP", async () => {
    const told = clientRoads.map(async ({ start }) => {
      await using place = await start(Client);
      const { client } = place;
      const refused = async (call: Promise<unknown>): Promise<unknown> => {
        const error = await call.then(
          () => null,
          (reason) => reason,
        );
        const { message, status, data } = error;
        return { kind: error instanceof Error, message, status, body: data.status };
      };
      const vectors = { size: 2, distance: "Dot" as const };
      await client.createCollection("c", { vectors });
      return [
        await refused(client.createCollection("c", { vectors })),
        await refused(client.getCollection("none")),
        await refused(client.upsert("c", { points: [{ id: 1, vector: [1] }] })),
        await refused(client.upsert("c", { points: [{ id: -1, vector: [1, 2] }] })),
        await refused(client.scroll("c", { limit: -1 })),
        client.api().upsertPoints.Error === undefined,
      ];
    });
    const [inProcess, overHttp] = await Promise.all(told);
    expect(inProcess).toEqual(overHttp);
    expect(inProcess?.slice(0, 3)).toMatchObject([
      { kind: true, status: 409, message: "Conflict" },
      { kind: true, status: 404, message: "Not Found" },
      { kind: true, status: 400, message: "Bad Request" },
    ]);
  });
});

describe("openEmbedded", () => {
  it("needs neither a socket nor the fetch that is there", async () => {
    await using embedded = await openEmbedded(":memory:");
    const fetch = vi.fn(() => Promise.reject(new Error("not to be called")));
    vi.stubGlobal("fetch", fetch);
    expect(embedded.client).toBeInstanceOf(QdrantClient);
    expect(await embedded.client.getCollections()).toEqual({ collections: [] });
    expect(await embedded.client.versionInfo()).toMatchObject({ version: "1.18.2" });
    expect(globalThis.fetch).toBe(fetch);
    expect(fetch).not.toHaveBeenCalled();
  });

  it("has in a folder what was written there, and frees it when it is closed", async () => {
    using folder = temporaryFolder();
    const first = await openEmbedded(folder.path);
    await first.client.createCollection("c", { vectors: { size: 2, distance: "Dot" } });
    await first.client.upsert("c", { points: [{ id: 1, vector: [1, 2], payload: { a: "b" } }] });
    await expect(openEmbedded(folder.path)).rejects.toMatchObject({ code: "E_LOCKED" });
    await first.close();
    await first.close();
    await expect(first.client.count("c")).rejects.toMatchObject({ status: 503 });
    await using second = await openEmbedded(folder.path);
    expect(await second.client.retrieve("c", { ids: [1], with_vector: true })).toEqual([
      { id: 1, payload: { a: "b" }, vector: [1, 2] },
    ]);
  });

  it("refuses a class that asks in some other way than by fetch", async () => {
    class Other {
      api() {
        return { root: async () => ({ data: {} }) };
      }
    }
    await expect(
      openEmbedded(":memory:", { QdrantClient: Other as unknown as typeof QdrantClient }),
    ).rejects.toMatchObject({ code: "E_NOT_SUPPORTED" });
  });
});
