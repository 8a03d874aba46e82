import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type ChromaConnectOptions, openChroma } from "../../src/adapters/chroma/index.ts";
import { type Certificate, makeCertificate, noCertificate } from "../support/certificate.ts";
import { type StubHandler, startStub } from "../support/stub.ts";
import { stubChroma } from "../support/stub-chroma.ts";

beforeEach(() => {
  // Waits between attempts are random from 0 on: here always 0.
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const scope = { kind: "chroma", tenant: null, database: null } as const;

/** Opens a store at a stub, closes it, and tells who it was and what was asked. */
async function openAt(handler: StubHandler, options: ChromaConnectOptions = {}) {
  await using stub = await startStub(handler);
  await using store = await openChroma({ ...scope, url: stub.url }, options);
  return { identity: store.identity, requests: stub.requests, url: stub.url };
}

const chroma = (api: "v1" | "v2", version?: string): StubHandler =>
  stubChroma({ api, records: [], ...(version === undefined ? {} : { version }) });

describe("opening a Chroma server", () => {
  it("finds API v2 and v1, and asks nothing but GETs", async () => {
    const { identity, requests, url } = await openAt(chroma("v2", "0.6.3"));
    expect(identity).toEqual({
      kind: "chroma",
      address: url,
      tenant: "default_tenant",
      database: "default_database",
      version: "0.6.3",
    });
    expect(requests.every(({ method }) => method === "GET")).toBe(true);
    expect((await openAt(chroma("v1", "0.4.24"))).identity.version).toBe("0.4.24");
  });

  it("narrows down a version that always says 1.0.0", async () => {
    const at = async (collections: object[], checks: object) => {
      const intercept = ({ path }: { path: string }) =>
        path.endsWith("/pre-flight-checks") ? { body: checks } : undefined;
      return (await openAt(stubChroma({ api: "v2", records: [], collections, intercept }))).identity
        .version;
    };
    expect(await at([], {})).toBe("1.0");
    expect(await at([], { supports_base64_encoding: true })).toBe("1.0.15 or later");
    expect(await at([{ schema: {} }], {})).toBe("1.2 or later");
  });

  it.each<[string, StubHandler]>([
    [
      "a web page",
      () => ({
        headers: { "content-type": "text/html" },
        body: "<!doctype html><title>Hello</title>",
      }),
    ],
    ["a web page for whatever is not there", () => ({ status: 404, body: "<h1>Not Found</h1>" })],
    [
      "another JSON API",
      () => ({ body: { title: "qdrant - vector search engine", version: "1.18.2" } }),
    ],
    ["another API's 404", () => ({ status: 404, body: "" })],
    [
      "a redirection",
      () => ({ status: 301, headers: { location: "https://elsewhere.example/" }, body: "" }),
    ],
    [
      "something that is not HTTP",
      (_request, response) => void response.socket?.end("SSH-2.0-OpenSSH_9.2\r\n"),
    ],
    ["a heartbeat of something else", () => ({ body: { heartbeat: "ok" } })],
  ])("names %s E_NOT_CHROMA", async (_what, handler) => {
    await expect(openAt(handler)).rejects.toMatchObject({ code: "E_NOT_CHROMA", exit: 2 });
  });

  it("names a tenant and a database that are not there, in both APIs' ways of saying so", async () => {
    const without = (part: RegExp, status: number, body: object): StubHandler =>
      stubChroma({
        api: status === 500 ? "v1" : "v2",
        records: [],
        intercept: ({ path }) => (part.test(path) ? { status, body } : undefined),
      });
    const v2 = { error: "NotFoundError", message: "Tenant [x] not found" };
    const v1 = { error: "NotFoundError('Tenant x not found')" };
    for (const [status, body] of [
      [404, v2],
      [500, v1],
    ] as const) {
      await expect(openAt(without(/\/tenants\/[^/]+$/, status, body))).rejects.toMatchObject({
        code: "E_TENANT_NOT_FOUND",
        message: expect.stringContaining("default_tenant"),
      });
      await expect(openAt(without(/\/databases\/[^/]+$/, status, body))).rejects.toMatchObject({
        code: "E_TENANT_NOT_FOUND",
        message: expect.stringContaining("default_database"),
      });
    }
  });

  it("refuses a Chroma from before tenants, with the way out", async () => {
    await expect(openAt(chroma("v1", "0.4.14"))).rejects.toMatchObject({
      code: "E_NOT_SUPPORTED",
      next: expect.stringContaining("folder"),
    });
    await expect(openAt(chroma("v1", "0.4.15"))).resolves.toBeDefined();
  });

  it("names a server that is not there E_UNREACHABLE, soon, and tells each retry", async () => {
    const stub = await startStub(() => ({ body: "" }));
    await stub[Symbol.asyncDispose]();
    const retries: unknown[] = [];
    const call = openChroma(
      { ...scope, url: stub.url },
      { onRetry: (retry) => retries.push(retry) },
    );
    await expect(call).rejects.toMatchObject({ code: "E_UNREACHABLE", exit: 5 });
    expect(retries).toEqual([
      { code: "E_UNREACHABLE", failed: 1, waitMs: 0 },
      { code: "E_UNREACHABLE", failed: 2, waitMs: 0 },
    ]);
  });

  it("names a server that accepts and stays silent E_TIMEOUT, and ends a call with its signal", async () => {
    await expect(openAt(() => undefined, { timeoutMs: 50 })).rejects.toMatchObject({
      code: "E_TIMEOUT",
    });
    await expect(
      openAt(() => undefined, { signal: AbortSignal.timeout(50) }),
    ).rejects.toMatchObject({ code: "E_ABORTED" });
  });

  it("waits for a server that is just starting", async () => {
    let starting = 2;
    const handler = chroma("v2");
    const { identity } = await openAt((request, response) => {
      if (starting === 0) return handler(request, response);
      starting -= 1;
      return { status: 503, body: "starting" };
    });
    expect(identity.kind).toBe("chroma");
  });
});

describe("credentials", () => {
  const guarded = (name: string, value: string, status = 401): StubHandler => {
    const handler = chroma("v2");
    return (request, response) => {
      const open = /\/(heartbeat|version)$/.test(request.path);
      return open || request.headers[name] === value
        ? handler(request, response)
        : { status, body: { error: "AuthError" } };
    };
  };

  it.each<[string, string, string, ChromaConnectOptions["chroma"]]>([
    ["a bearer token", "authorization", "Bearer s3cret", { token: "s3cret" }],
    [
      "a token in X-Chroma-Token",
      "x-chroma-token",
      "s3cret",
      { token: "s3cret", tokenHeader: "x-chroma-token" },
    ],
    [
      "user and password",
      "authorization",
      `Basic ${Buffer.from("me:s3:cret ü").toString("base64")}`,
      { user: "me", password: "s3:cret ü" },
    ],
    [
      "any header",
      "cf-access-client-secret",
      "s3cret",
      { headers: { "CF-Access-Client-Secret": "s3cret" } },
    ],
  ])("sends %s", async (_what, name, value, chromaOptions) => {
    await expect(openAt(guarded(name, value), { chroma: chromaOptions })).resolves.toBeDefined();
  });

  it.each([401, 403])("names %i E_AUTH and prints no key", async (status) => {
    const call = openAt(guarded("authorization", "Bearer right", status), {
      chroma: { token: "wr0ng" },
    });
    await expect(call).rejects.toMatchObject({ code: "E_AUTH", exit: 2 });
    const error = await call.catch((failure: unknown) => failure);
    expect(JSON.stringify([String(error), error])).not.toContain("wr0ng");
  });

  it("names a proxy that lets nobody through E_AUTH, not E_NOT_CHROMA", async () => {
    await expect(
      openAt(() => ({ status: 401, body: "<h1>Who are you?</h1>" })),
    ).rejects.toMatchObject({ code: "E_AUTH" });
  });
});

describe.skipIf(noCertificate !== null)(
  `TLS${noCertificate === null ? "" : ` (skipped: ${noCertificate})`}`,
  () => {
    let tls: Certificate;
    beforeAll(() => {
      tls = makeCertificate();
    });
    afterAll(() => tls[Symbol.dispose]());

    async function openTls(options: ChromaConnectOptions) {
      await using stub = await startStub(chroma("v2"), tls);
      await using store = await openChroma({ ...scope, url: stub.url }, options);
      return store.identity.address;
    }

    it("refuses a certificate that nobody known has signed, at once", async () => {
      const retries: unknown[] = [];
      await expect(openTls({ onRetry: (retry) => retries.push(retry) })).rejects.toMatchObject({
        code: "E_UNREACHABLE",
        retryable: false,
        message: expect.stringContaining("DEPTH_ZERO_SELF_SIGNED_CERT"),
      });
      expect(retries).toEqual([]);
    });

    it("takes it with the file of its authority", async () => {
      expect(await openTls({ chroma: { caFile: tls.caFile } })).toMatch(/^https:/);
    });

    it("names a server that speaks no TLS", async () => {
      await using stub = await startStub(chroma("v2"));
      const url = stub.url.replace("http:", "https:");
      await expect(openChroma({ ...scope, url })).rejects.toMatchObject({
        code: "E_UNREACHABLE",
        retryable: false,
      });
    });
  },
);
