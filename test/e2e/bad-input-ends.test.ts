/** Ends that are not there, not what they should be, or let nobody in: each is refused with what to do, and nothing is written. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer as createHttp2Server } from "node:http2";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEngine } from "../../src/engine/index.ts";
import { createServer, listen } from "../../src/server/index.ts";
import { chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { temporaryFolder, unpackChroma } from "../support/cli.ts";
import { fileList } from "../support/fixtures.ts";
import { embeddedCollections, expectRefusal, type Refusal, runKeyed } from "../support/refusal.ts";
import { type StubHandler, startStub } from "../support/stub.ts";
import { stubChroma } from "../support/stub-chroma.ts";

let chroma: ReturnType<typeof temporaryFolder>;
let source: string;
let recorded: string[];
beforeAll(() => {
  chroma = temporaryFolder();
  source = `${unpackChroma("1.5.9", chroma.path)}?tenant=default_tenant`;
  recorded = fileList(chroma.path);
});
afterAll(() => {
  expect(fileList(chroma.path)).toEqual(recorded);
  chroma[Symbol.dispose]();
});

const html: StubHandler = () => ({
  headers: { "content-type": "text/html" },
  body: "<!doctype html><title>Welcome</title>",
});
const otherApi: StubHandler = () => ({ body: { name: "elsewhere", version: { number: "8.1" } } });
/** Sends what it was given back, in the words of either server. */
const keyless: StubHandler = ({ headers }) => {
  const words = `Not with ${JSON.stringify(headers)}`;
  return {
    status: 401,
    body: { error: "AuthError", message: words, status: { error: words } },
  };
};
/** Promises more than it sends, to whatever is asked. */
const cut: StubHandler = (_, response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
  response.write('{"title":', () => response.destroy());
  return undefined;
};
const cutRefusal: Refusal = {
  exit: 5,
  code: "E_BAD_RESPONSE",
  says: "the answer was cut short",
  remedy: "mend it and run the same command again",
};

describe("a source server", () => {
  const notChroma = {
    exit: 2,
    code: "E_NOT_CHROMA",
    says: "is not a Chroma server",
    remedy: "Give the address of a Chroma server or of Chroma Cloud",
  };
  it.each<[string, StubHandler, Refusal]>([
    ["is an HTML page", html, notChroma],
    ["is another JSON API", otherApi, notChroma],
    [
      "refuses the key",
      keyless,
      { exit: 2, code: "E_AUTH", says: "401", remedy: "--chromadb-token-file" },
    ],
    [
      "has no such tenant",
      (request, response) =>
        /heartbeat|version/.test(request.path)
          ? stubChroma({ api: "v2", records: [] })(request, response)
          : { status: 404, body: { error: "NotFoundError", message: "Tenant [nobody] not found" } },
      {
        exit: 2,
        code: "E_TENANT_NOT_FOUND",
        says: 'has no tenant "nobody"',
        remedy: "Check the tenant and the database in the address.",
      },
    ],
    ["stands behind a proxy that cuts every answer short", cut, cutRefusal],
  ])("that %s is refused", async (_, handler, refusal) => {
    using folder = temporaryFolder();
    await using stub = await startStub(handler);
    const address = `${stub.url.replace("http:", "chroma:")}/nobody/default_database`;
    const ended = await runKeyed(["migrate", address, "embedded:q"], folder.path);
    expectRefusal(ended, refusal);
    expect(stub.requests.length).toBeGreaterThan(0);
    expect(stub.requests.every(({ method }) => method === "GET")).toBe(true);
    expect(embeddedCollections(join(folder.path, "q"))).toEqual([]);
  });

  const noChroma = chromaAvailable();
  it.skipIf(noChroma !== null)(
    `that has no such tenant or database is refused, also a real one${noChroma === null ? "" : ` (${noChroma})`}`,
    async () => {
      await using server = await startChroma();
      const places = [
        ["nobody/default_database", 'has no tenant "nobody"'],
        ["default_tenant/nothing", 'has no database "nothing" in the tenant "default_tenant"'],
      ] as const;
      for (const [place, says] of places) {
        using folder = temporaryFolder();
        const address = `${server.url.replace("http:", "chroma:")}/${place}`;
        const ended = await runKeyed(["migrate", address, "embedded:q"], folder.path);
        const remedy = "Check the tenant and the database in the address.";
        expectRefusal(ended, { exit: 2, code: "E_TENANT_NOT_FOUND", says, remedy });
      }
    },
  );

  it("that nobody answers at is refused", async () => {
    using folder = temporaryFolder();
    const ended = await runKeyed(["migrate", "chroma://127.0.0.1:9", "embedded:q"], folder.path);
    expectRefusal(ended, {
      exit: 5,
      code: "E_UNREACHABLE",
      says: "http://127.0.0.1:9/",
      remedy: "Check that the host and the port are right and that the server is up",
    });
  });
});

describe("a source folder", () => {
  const noFolder = {
    exit: 2,
    code: "E_NO_FOLDER",
    remedy: "the path of the folder that holds chroma.sqlite3",
  };
  const noTenant = {
    exit: 2,
    code: "E_TENANT_NOT_FOUND",
    says: "it has acme/prod, default_tenant/default_database",
    remedy: "Check the tenant and the database in the address.",
  };
  it.each<[string, string, Refusal]>([
    ["is not there", "./nowhere", { ...noFolder, says: "./nowhere" }],
    ["holds no Chroma", "./empty", { ...noFolder, says: "holds no chroma.sqlite3" }],
    ["is a file", "./file", { ...noFolder, says: "./file" }],
    ["has no such tenant", "CHROMA?tenant=nobody", noTenant],
    ["has no such database", "CHROMA?database=nothing", noTenant],
    [
      "has two collections of one name",
      "CHROMA",
      {
        exit: 2,
        code: "E_CONFIG",
        says: '2 collections bear the name "awkward"',
        remedy: /\?tenant=acme&database=prod and .*\?tenant=default_tenant&database=default_data/,
      },
    ],
  ])("that %s is refused", async (_, given, refusal) => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, "empty"));
    writeFileSync(join(folder.path, "file"), "");
    const address = given.replace("CHROMA", chroma.path);
    expectRefusal(await runKeyed(["migrate", address, "embedded:q"], folder.path), refusal);
    expect(embeddedCollections(join(folder.path, "q"))).toEqual([]);
  });
});

describe("a target server", () => {
  const notQdrant = {
    exit: 2,
    code: "E_NOT_QDRANT",
    says: "answers, but not as Qdrant does",
    remedy: "Give the address of Qdrant's REST port (6333 unless changed).",
  };
  it.each<[string, StubHandler, Refusal]>([
    ["is an HTML page", html, notQdrant],
    ["is another JSON API", otherApi, notQdrant],
    ["is a Chroma", stubChroma({ api: "v2", records: [] }), notQdrant],
    [
      "refuses the key",
      keyless,
      { exit: 2, code: "E_AUTH", says: "401", remedy: "--qdrant-api-key-file" },
    ],
    ["stands behind a proxy that cuts every answer short", cut, cutRefusal],
  ])("that %s is refused", async (_, handler, refusal) => {
    using folder = temporaryFolder();
    await using stub = await startStub(handler);
    expectRefusal(await runKeyed(["migrate", source, stub.url], folder.path), refusal);
    expect(stub.requests.length).toBeGreaterThan(0);
    expect(stub.requests.every(({ method }) => method === "GET")).toBe(true);
  });

  it("that nobody answers at is refused", async () => {
    using folder = temporaryFolder();
    expectRefusal(await runKeyed(["migrate", source, "http://127.0.0.1:9"], folder.path), {
      exit: 5,
      code: "E_UNREACHABLE",
      says: "http://127.0.0.1:9/",
      remedy: "Check that the host and the port are right and that the server is up",
    });
  });

  it("whose gRPC port is given is refused, with the port to give", async () => {
    using folder = temporaryFolder();
    const server = createHttp2Server();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    try {
      const url = `http://127.0.0.1:${port}`;
      expectRefusal(await runKeyed(["migrate", source, url], folder.path), notQdrant);
    } finally {
      server.close();
    }
  });

  const realGrpc = process.env["QDRANT_URL"] ? process.env["QDRANT_GRPC_PORT"] : undefined;
  it.skipIf(!realGrpc)(
    `whose gRPC port is given is refused by a real server too${realGrpc ? "" : " (QDRANT_URL and QDRANT_GRPC_PORT are not set)"}`,
    async () => {
      using folder = temporaryFolder();
      const url = new URL(process.env["QDRANT_URL"] ?? "");
      url.port = realGrpc ?? "";
      expectRefusal(await runKeyed(["migrate", source, url.origin], folder.path), notQdrant);
    },
  );
});

describe("a key that a Qdrant does not take", () => {
  const real = process.env["QDRANT_URL"] && process.env["QDRANT_API_KEY"];
  const wrong = "s3cr3t-but-wrong";

  async function refuses(url: string, right: string): Promise<void> {
    using folder = temporaryFolder();
    const name = `squares-${crypto.randomUUID()}`;
    const args = ["migrate", source, url, "--chromadb-collections", "squares"];
    args.push("--rename", `squares=${name}`);
    const refusal = { exit: 2, code: "E_AUTH", says: "401", remedy: "--qdrant-api-key-file" };
    const given = await runKeyed(args, folder.path, { QDRANT_API_KEY: wrong });
    expectRefusal(given, refusal);
    expectRefusal(await runKeyed(args, folder.path, { QDRANT_API_KEY: "" }), refusal);
    const headers = { "api-key": right };
    expect((await fetch(`${url}/collections/${name}`, { headers })).status).toBe(404);
    writeFileSync(join(folder.path, "key"), right);
    const mended = await runKeyed([...args, "--qdrant-api-key-file", "key"], folder.path);
    expect(mended).toMatchObject({ status: 0, stderr: "" });
    await fetch(`${url}/collections/${name}`, { method: "DELETE", headers });
  }

  it("is refused by the embedded one's server, and the right one in a file is taken", async () => {
    await using engine = await openEngine(":memory:");
    const app = createServer(engine, { apiKey: "s3cr3t-and-right" });
    await using server = await listen(app, { port: 0 });
    await refuses(server.url, "s3cr3t-and-right");
  });

  it.skipIf(!real)(
    `is refused by a real one, and the right one in a file is taken${real ? "" : " (QDRANT_URL and QDRANT_API_KEY are not set)"}`,
    async () => {
      await refuses(process.env["QDRANT_URL"] ?? "", process.env["QDRANT_API_KEY"] ?? "");
    },
  );
});
