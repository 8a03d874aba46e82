import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";
import { afterAll, describe, expect, it } from "vitest";
import { buildQdrantClient, connect, type VectorDBConfig } from "../../src/index.ts";
import { checkConfig } from "../../src/repository/config.ts";
import { startStub } from "../support/stub.ts";

const folder = mkdtempSync(join(tmpdir(), "vecferry-connect-"));

afterAll(() => rmSync(folder, { recursive: true }));

/** A port on which nobody answers. */
const nobody = "http://127.0.0.1:1";

/** What would be looked at, in order. */
function order(config: VectorDBConfig, environment: Record<string, string> = {}) {
  const { candidates } = checkConfig(config, (name) => {
    const text = environment[name];
    return text ? { text, from: "environment" } : undefined;
  });
  return candidates.map(({ address, as }) => [
    "url" in address ? address.url : `${address.kind}:${address.path}`,
    as,
  ]);
}

function faultsOf(config: object, environment: Record<string, string> = {}): unknown {
  try {
    order(config as VectorDBConfig, environment);
    return [];
  } catch (error) {
    return (error as { details: { faults: unknown } }).details.faults;
  }
}

const local = ["http://localhost:6333", "found"];
const embedded = [
  ["embedded:./qdrant_data", "found"],
  ["embedded::memory:", "configured"],
];

describe("the order of choice", () => {
  it.each<[string, VectorDBConfig, Record<string, string>, unknown[]]>([
    ["nothing configured", {}, {}, [local, ...embedded]],
    [
      "empty variables",
      {},
      { QDRANT_URL: "", QDRANT_HOST: "", VECTOR_DB_PATH: "" },
      [local, ...embedded],
    ],
    [
      "an address",
      { url: ":memory:" },
      { QDRANT_URL: "http://q:1" },
      [["embedded::memory:", "configured"]],
    ],
    [
      "QDRANT_URL",
      {},
      { QDRANT_URL: "https://x.cloud.qdrant.io", QDRANT_HOST: "h" },
      [["https://x.cloud.qdrant.io:6333", "configured"], ...embedded],
    ],
    [
      "QDRANT_HOST",
      {},
      { QDRANT_HOST: "Q", QDRANT_PORT: "7" },
      [["http://q:7", "configured"], ...embedded],
    ],
    [
      "QDRANT_PORT",
      {},
      { QDRANT_PORT: "7", QDRANT_USE_HTTPS: "true" },
      [["https://localhost:7", "configured"], ...embedded],
    ],
    [
      "a host given",
      { host: "h", port: 8 },
      { QDRANT_URL: "http://q:1" },
      [["http://h:8", "configured"], ...embedded],
    ],
    ["VECTOR_DB_PATH", {}, { VECTOR_DB_PATH: "./d" }, [local, ["embedded:./d", "configured"]]],
    ["a path in memory", { path: ":memory:" }, {}, [local, ["embedded::memory:", "configured"]]],
    ["type qdrant", { type: "qdrant" }, {}, [local]],
    ["type embedded", { type: "embedded" }, { QDRANT_URL: "http://q:1" }, embedded],
    [
      "VECTOR_DB_TYPE=faiss",
      {},
      { VECTOR_DB_TYPE: "faiss" },
      [["faiss:./faiss_data", "configured"]],
    ],
    [
      "VECTOR_DB_TYPE=chromadb",
      {},
      { VECTOR_DB_TYPE: "chromadb" },
      [["http://localhost:8000", "configured"]],
    ],
    [
      "CHROMA_HOST",
      { type: "chromadb" },
      { CHROMA_HOST: "c", CHROMA_PORT: "9" },
      [["http://c:9", "configured"]],
    ],
    [
      "USE_QDRANT=false",
      {},
      { USE_QDRANT: "false", CHROMA_HOST: "c" },
      [["http://c:8000", "configured"]],
    ],
    [
      "fallback",
      { fallback: true },
      { QDRANT_URL: "http://q:1" },
      [["http://q:1", "configured"], local, ...embedded],
    ],
  ])("with %s", (_, config, environment, expected) => {
    expect(order(config, environment)).toEqual(expected);
  });

  it("takes keys and the gRPC port from where they are said", () => {
    const { candidates, options, collection } = checkConfig({ grpcPort: "off" }, (name) => {
      const values: Record<string, string> = {
        QDRANT_URL: "http://q:1?grpc=5",
        QDRANT_API_KEY: "k",
        QDRANT_GRPC_PORT: "9",
        VECTOR_COLLECTION_NAME: "notes",
      };
      const text = values[name];
      return text === undefined ? undefined : { text, from: "environment" };
    });
    expect(candidates[0]?.address).toEqual({ kind: "qdrant", url: "http://q:1", grpcPort: "off" });
    expect(options.qdrant?.apiKey).toBe("k");
    expect(collection).toBe("notes");
  });
});

describe("a configuration at fault", () => {
  it("is refused with every fault at once, and no key in any", () => {
    const environment = {
      VECTOR_DB_TYPE: "pinecone",
      QDRANT_PORT: "70000",
      QDRANT_GRPC_PORT: "no",
      CHROMA_PORT: "x",
      USE_QDRANT: "perhaps",
      QDRANT_API_KEY: "secret",
    };
    expect(faultsOf({ timeoutMs: 0, fallback: "yes", hots: "h", apiKey: 5 }, environment)).toEqual([
      expect.stringMatching(/^timeoutMs must/),
      expect.stringMatching(/^fallback must be true or false/),
      "hots is no option that is known",
      "apiKey must be text",
      expect.stringMatching(
        /^VECTOR_DB_TYPE must be one of qdrant, chromadb, faiss, embedded, but it is "pinecone"/,
      ),
      expect.stringMatching(/^USE_QDRANT/),
      expect.stringMatching(/^QDRANT_PORT .*70000/),
      expect.stringMatching(/^QDRANT_GRPC_PORT/),
      expect.stringMatching(/^CHROMA_PORT/),
    ]);
  });

  it.each([
    [{ url: "http://a:1", host: "b" }, {}, /url and host/],
    [{ url: "nonsense://x" }, {}, /^url: /],
    [{ url: "http://a:1", type: "faiss" }, {}, /url names a Qdrant server, and type is faiss/],
    [{ url: "./folder" }, {}, /no application can write to/],
    [{}, { QDRANT_URL: "chroma://q:1" }, /QDRANT_URL must be http/],
    [{}, { QDRANT_URL: "http://user:secret@q:1" }, /^(?!.*secret)QDRANT_URL/],
    [{ path: "http://q:1" }, {}, /must be the path of a folder/],
    [{ fallback: true, type: "chromadb" }, {}, /nothing to fall back to/],
  ])("%j %j", (config, environment, words) => {
    expect(faultsOf(config, environment)).toEqual([expect.stringMatching(words)]);
  });

  it("is E_CONFIG from connect and buildQdrantClient", async () => {
    const config = { environment: { QDRANT_PORT: "x", CHROMA_PORT: "y" } };
    const error = {
      code: "E_CONFIG",
      details: { faults: [expect.any(String), expect.any(String)] },
    };
    await expect(connect(config)).rejects.toMatchObject(error);
    await expect(buildQdrantClient(undefined, config)).rejects.toMatchObject(error);
  });
});

describe("connect", () => {
  it("says in one line which store it chose, and gives tenants of it, counted", async () => {
    const lines: string[] = [];
    const metrics = new Registry();
    const environment = { VECTOR_COLLECTION_NAME: "notes" };
    await using connection = await connect({
      url: ":memory:",
      environment,
      metrics,
      onChoice: (line) => lines.push(line),
    });
    expect(lines).toEqual([connection.choice]);
    expect(connection.choice).toMatch(
      /^Vector store: an embedded Qdrant in memory.*the address given.*\.$/,
    );
    await connection.repository.createCollectionOptimized({ name: "notes", vectorSize: 2 });
    await using notes = connection.tenant("acme");
    await notes.addDocuments([{ id: "a", embedding: [1, 0] }]);
    expect(await notes.count()).toBe(1);
    expect(await metrics.metrics()).toContain(
      'vector_write_requests_total{tenant_id="acme",operation="add",status="success"} 1',
    );
  });

  it("needs a collection for a tenant, and a tenant", async () => {
    await using connection = await connect({ url: ":memory:", environment: {} });
    expect(() => connection.tenant("acme")).toThrow(expect.objectContaining({ code: "E_CONFIG" }));
    expect(() => connection.tenant(" ", { collection: "c" })).toThrow(
      expect.objectContaining({ code: "E_TENANT" }),
    );
  });

  it("never changes silently to another store where a configured server does not answer", async () => {
    const environment = { QDRANT_URL: nobody, VECTOR_DB_PATH: join(folder, "never") };
    await expect(connect({ environment })).rejects.toMatchObject({ code: "E_UNREACHABLE" });
    expect(existsSync(join(folder, "never"))).toBe(false);
    await expect(connect({ url: nobody, environment: {} })).rejects.toMatchObject({
      code: "E_UNREACHABLE",
    });
  });

  it("falls back where it was told to, and says so", async () => {
    const path = join(folder, "fallen");
    await using connection = await connect({ type: "embedded", path, environment: {} });
    expect(connection.choice).toContain(`in ${path} (path)`);
    await connection.close();
    const lines: string[] = [];
    await using fallen = await connect({
      path,
      fallback: true,
      // The local server that might be there is not to be met.
      environment: { QDRANT_HOST: "127.0.0.1", QDRANT_PORT: "1" },
      onChoice: (line) => lines.push(line),
    });
    expect(fallen.repository.kind).toBe("embedded");
    expect(lines[0]).toMatch(
      /QDRANT_HOST does not answer: E_UNREACHABLE, and fallback is true; path\)\.$/,
    );
  });

  it("does not pass over a server that refuses, or is none, even with fallback", async () => {
    await using refusing = await startStub((request) =>
      request.path === "/"
        ? { body: { title: "qdrant - vector search engine", version: "1.18.2" } }
        : { status: 401, body: { status: { error: "no key" }, time: 0 } },
    );
    await using another = await startStub(() => ({ body: { name: "somebody else" } }));
    const environment = { VECTOR_DB_PATH: join(folder, "never") };
    const fallback = true;
    await expect(connect({ url: refusing.url, fallback, environment })).rejects.toMatchObject({
      code: "E_AUTH",
    });
    await expect(connect({ url: another.url, fallback, environment })).rejects.toMatchObject({
      code: "E_NOT_QDRANT",
    });
    expect(existsSync(join(folder, "never"))).toBe(false);
  });

  it("never takes memory for a folder that holds something", async () => {
    const path = join(folder, "others");
    mkdirSync(path);
    writeFileSync(join(path, "chroma.sqlite3"), "");
    const config = { type: "embedded", path, environment: {} } as const;
    await expect(connect(config)).rejects.toMatchObject({ code: "E_CONFIG" });
  });
});

describe("buildQdrantClient", () => {
  it("gives Qdrant's own client, answered in this process", async () => {
    await using client = await buildQdrantClient(":memory:", { environment: {} });
    await client.createCollection("a", { vectors: { size: 2, distance: "Dot" } });
    expect((await client.getCollections()).collections).toEqual([{ name: "a" }]);
  });

  it("gives one to a server, with the key, that asks for no compression", async () => {
    await using server = await startStub((request) => ({
      body:
        request.path === "/"
          ? { title: "qdrant", version: "1.18.2" }
          : { result: { collections: [] }, status: "ok", time: 0 },
    }));
    const environment = { QDRANT_URL: server.url, QDRANT_API_KEY: "key" };
    await using client = await buildQdrantClient(undefined, { environment });
    await client.getCollections();
    expect(server.requests.at(-1)?.headers).toMatchObject({
      "api-key": "key",
      "accept-encoding": "identity",
    });
  });

  it("refuses what is no Qdrant", async () => {
    await expect(buildQdrantClient("faiss:./x", { environment: {} })).rejects.toMatchObject({
      code: "E_CONFIG",
    });
    const environment = { QDRANT_URL: nobody };
    await expect(buildQdrantClient(undefined, { environment })).rejects.toMatchObject({
      code: "E_UNREACHABLE",
    });
  });
});
