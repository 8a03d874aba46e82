import { describe, expect, it } from "vitest";
import { lookAtServer } from "../../../../src/adapters/qdrant/index.ts";
import { type StubAnswer, startStub } from "../../../support/stub.ts";

const answered = (result: unknown): StubAnswer => ({ body: { result, status: "ok", time: 0 } });

/** A Qdrant with one collection `ants`, described as usual but for `config` and `others`. */
function server(config: object, others: object = {}, telemetry?: object) {
  return startStub(({ path }) => {
    if (path === "/") return { body: { title: "qdrant", version: "1.18.2" } };
    if (path === "/collections") return answered({ collections: [{ name: "ants" }] });
    if (path.startsWith("/telemetry"))
      return telemetry ? answered(telemetry) : { status: 403, body: "" };
    if (path === "/collections/ants")
      return answered({
        status: "green",
        optimizer_status: "ok",
        points_count: 5,
        config: { params: { vectors: { size: 3, distance: "Cosine" } }, ...config },
        payload_schema: { city: {} },
        ...others,
      });
    return { status: 404, body: "" };
  });
}

async function look(...args: Parameters<typeof server>) {
  await using stub = await server(...args);
  const found = await lookAtServer({ url: stub.url, grpcPort: "off" }, {});
  await found[Symbol.asyncDispose]();
  expect(stub.requests.every(({ method }) => method === "GET")).toBe(true);
  return found;
}

describe("a look at a Qdrant server", () => {
  it("tells a collection's health, indexes and strict mode", async () => {
    const { collections } = await look(
      {
        optimizer_config: { indexing_threshold: 0 },
        strict_mode_config: { enabled: true, max_points_count: 7, search_allow_exact: false },
      },
      { status: "red", optimizer_status: { error: "no room" } },
    );
    expect(collections).toMatchObject([
      {
        info: { name: "ants", dimension: 3, count: 5, status: "red" },
        optimizerFault: "no room",
        indexing: "off",
        indexes: ["city"],
        strict: { pointsMax: 7, upsertRowsMax: null, exactSearch: false },
      },
    ]);
  });

  it("tells strict mode that is not enabled from one that is", async () => {
    const { collections } = await look({
      strict_mode_config: { enabled: false, max_points_count: 7 },
    });
    expect(collections[0]).toMatchObject({ strict: null, indexing: "on", optimizerFault: null });
  });

  it("knows an index that a migration holds back, and minds no note that it cannot read", async () => {
    const optimizer_config = { indexing_threshold: 0 };
    const note = {
      format: 1,
      layout: "vecferry",
      tenanted: false,
      sources: [],
      heldThreshold: 10000,
    };
    const held = await look({ optimizer_config, metadata: { vecferry: note } });
    expect(held.collections[0]?.indexing).toBe("held");
    const other = await look({ optimizer_config, metadata: { vecferry: { format: 99 } } });
    expect(other.collections[0]?.indexing).toBe("off");
  });

  it("tells memory where the server does", async () => {
    const telemetry = { app: { system: { ram_size: 1024 } }, memory: { resident_bytes: 99 } };
    expect(await look({}, {}, telemetry)).toMatchObject({
      ramBytes: 1024 * 1024,
      residentBytes: 99,
    });
    expect(await look({})).toMatchObject({ ramBytes: null, residentBytes: null });
  });

  it("refuses a description that is none", async () => {
    await expect(look({}, { payload_schema: 1 })).rejects.toMatchObject({ code: "E_BAD_RESPONSE" });
  });
});
