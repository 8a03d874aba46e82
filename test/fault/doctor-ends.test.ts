import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../src/engine/index.ts";
import { serve } from "../../src/server/serve.ts";
import { makeCertificate, noCertificate } from "../support/certificate.ts";
import { codesOf, examine, only } from "../support/doctor-scene.ts";
import { serveFolder } from "../support/qdrant-places.ts";
import { type Stub, type StubHandler, startStub } from "../support/stub.ts";
import { type StubChroma, stubChroma } from "../support/stub-chroma.ts";

const records = [{ id: "a", embedding: [1, 2] }];
const startChroma = (changes: Partial<StubChroma> = {}): Promise<Stub> =>
  startStub(stubChroma({ api: "v2", records, ...changes }));
const asSource = (url: string): string => url.replace(/^http/, "chroma");

/** A Qdrant of `version` without collections, that answers `others` first. */
function qdrant(version: string, others?: StubHandler): StubHandler {
  return (request, response) => {
    const other = others?.(request, response);
    if (other !== undefined) return other;
    if (request.path === "/") return { body: { title: "qdrant - vector search engine", version } };
    if (request.path === "/collections")
      return { body: { result: { collections: [] }, status: "ok", time: 0 } };
    return { status: 404, body: "" };
  };
}

/** Everything found at a target, without gRPC. */
const atTarget = (url: string) => examine({ target: `${url}?grpc=off` });

describe("doctor on an end that cannot be reached", () => {
  it("tells an unknown host from a port where nobody listens", async () => {
    const unknown = only(
      await examine({ target: "http://no-such-host.invalid:6333" }),
      "host-not-found",
    );
    expect(unknown).toMatchObject({
      severity: "error",
      end: "target",
      remedy: "getent hosts no-such-host.invalid",
    });
    const refused = only(await examine({ source: "chroma://127.0.0.1:1" }), "connection-refused");
    expect(refused).toMatchObject({ end: "source", evidence: { cause: "ECONNREFUSED" } });
    expect(refused.remedy).toBe("chroma run --path ./chroma --host 127.0.0.1 --port 1");
  });

  it("does not wait long for one that is silent", async () => {
    await using stub = await startStub(() => undefined);
    const findings = await examine({ target: stub.url, reachMs: 200 });
    expect(codesOf(findings)).toEqual(["no-answer"]);
  });

  it("names a connection that is closed at once", async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    try {
      expect(codesOf(await examine({ target: `http://127.0.0.1:${port}` }))).toEqual([
        "connection-lost",
      ]);
    } finally {
      server.close();
    }
  });

  it("keeps nothing of the other end away", async () => {
    await using stub = await startChroma({
      records: [...records, { id: "zero", embedding: [0, 0] }],
    });
    const findings = await examine({ source: asSource(stub.url), target: "http://127.0.0.1:1" });
    expect(codesOf(findings)).toEqual(["connection-refused", "zero-vectors"]);
    const other = await examine({ source: "chroma://127.0.0.1:1", target: stub.url });
    expect(codesOf(other)).toEqual(["is-chroma", "connection-refused"]);
  });
});

describe("doctor on another server than the one that belongs there", () => {
  it.each(["v1", "v2"] as const)("names a Chroma (%s) at the target", async (api) => {
    await using stub = await startChroma({ api, version: "0.5.23" });
    const found = only(await examine({ target: stub.url }), "is-chroma");
    expect(found.evidence).toMatchObject({ answers: "chroma", version: "0.5.23" });
    expect(found.remedy).toBe(`vecferry doctor ${asSource(stub.url)} http://127.0.0.1:6333`);
  });

  it("names a Qdrant at the source, by its REST port and by its gRPC port", async () => {
    await using place = await serveFolder(":memory:");
    const rest = only(await examine({ source: asSource(place.url) }), "is-qdrant");
    expect(rest.remedy).toBe(`vecferry doctor chroma://127.0.0.1:8000 ${place.url}`);
    const grpc = await examine({ source: `chroma://127.0.0.1:${place.grpcPort}` });
    expect(only(grpc, "is-qdrant").evidence["answers"]).toBe("qdrant-grpc");
  });

  it("says what neither is", async () => {
    await using stub = await startStub(() => ({ status: 404, body: "<!doctype html>" }));
    expect(codesOf(await examine({ target: stub.url }))).toEqual(["not-qdrant"]);
    expect(codesOf(await examine({ source: asSource(stub.url) }))).toEqual(["not-chroma"]);
  });

  it("names a server that fails", async () => {
    await using stub = await startStub(({ path }) =>
      path === "/" ? { body: { title: "qdrant", version: "1.18.2" } } : { status: 501, body: {} },
    );
    expect(codesOf(await atTarget(stub.url))).toEqual(["server-fault"]);
  });

  it("names a server that lets nobody through for now", async () => {
    const full: StubHandler = ({ path }) =>
      path === "/collections"
        ? { status: 429, headers: { "retry-after": "900" }, body: {} }
        : undefined;
    await using stub = await startStub(qdrant("1.18.2", full));
    expect(codesOf(await atTarget(stub.url))).toEqual(["rate-limited"]);
  });

  it("names a tenant that is not there", async () => {
    await using stub = await startChroma();
    const found = only(
      await examine({ source: `${asSource(stub.url)}/nobody/nothing` }),
      "tenant-not-found",
    );
    expect(found.remedy).toBe(`vecferry doctor ${asSource(stub.url)}/TENANT/DATABASE`);
  });
});

/** Serves REST at any free port and gRPC at the next one. */
async function serveBeside(engine: Engine): ReturnType<typeof serve> {
  for (let tries = 0; ; tries += 1) {
    const probe = await serve(engine, { port: 0, grpcPort: null });
    const port = Number(new URL(probe.url).port);
    await probe.close();
    try {
      return await serve(engine, { port, grpcPort: port + 1 });
    } catch (error) {
      // Somebody else has taken one of the two.
      if (tries === 9) throw error;
    }
  }
}

describe("doctor on gRPC ports", () => {
  it("names a gRPC port in the place of the REST port, and the REST port that stands before it", async () => {
    await using engine = await openEngine(":memory:");
    await using server = await serveBeside(engine);
    const url = server.url.replace(/\/$/, "");
    const target = `http://127.0.0.1:${server.grpcPort}`;
    const found = only(await examine({ target }), "grpc-port-as-rest");
    expect(found.evidence["rest"]).toBe(url);
    expect(found.remedy).toBe(`vecferry doctor ${url}`);
  });

  it("does not take the REST port of any server for it", async () => {
    await using place = await serveFolder(":memory:");
    const found = only(
      await examine({ target: `http://127.0.0.1:${place.grpcPort}` }),
      "grpc-port-as-rest",
    );
    expect(found.evidence["rest"]).toBeNull();
    expect(found.remedy).toBe("vecferry doctor http://127.0.0.1:6333");
  });

  it("names a REST port that was named for gRPC, and examines the target by REST", async () => {
    await using place = await serveFolder(":memory:");
    await place.call("PUT", "/collections/ants", {
      vectors: { size: 2, distance: "Dot" },
      optimizers_config: { indexing_threshold: 0 },
    });
    const { port } = new URL(place.url);
    const findings = await examine({ target: `${place.url}?grpc=${port}` });
    expect(codesOf(findings)).toEqual(["rest-port-as-grpc", "indexing-off"]);
    expect(findings[1]?.remedy).toBe(
      `vecferry doctor ${place.url} --qdrant-grpc-port ${Number(port) + 1}`,
    );
  });

  it("names a gRPC port where nobody, or another server, is", async () => {
    await using place = await serveFolder(":memory:");
    await using other = await serveFolder(":memory:");
    await other.call("PUT", "/collections/others", { vectors: { size: 2, distance: "Dot" } });
    for (const port of [1, other.grpcPort]) {
      const found = only(await examine({ target: `${place.url}?grpc=${port}` }), "grpc-port-wrong");
      expect(found.remedy).toBe(`vecferry doctor ${place.url} --qdrant-grpc-port off`);
    }
  });

  it("says why points would go by REST, unless that is wanted", async () => {
    await using stub = await startStub(qdrant("1.18.2"));
    const found = only(await examine({ target: stub.url }), "rest-alone");
    expect(found).toMatchObject({ severity: "info", end: "target" });
    expect(codesOf(await atTarget(stub.url))).toEqual([]);
  });
});

describe.skipIf(noCertificate !== null)(`doctor on TLS${noCertificate ?? ""}`, () => {
  it("says where it is wanted, where it is not spoken, and where it is not trusted", async () => {
    using certificate = makeCertificate();
    await using secure = await startStub(qdrant("1.18.2"), certificate);
    await using plain = await startStub(qdrant("1.18.2"));
    const wanted = only(
      await examine({ target: secure.url.replace("https", "http") }),
      "tls-wanted",
    );
    expect(wanted.remedy).toBe(`vecferry doctor ${secure.url}`);
    const spoken = only(
      await examine({ target: plain.url.replace("http", "https") }),
      "tls-not-spoken",
    );
    expect(spoken.remedy).toBe(`vecferry doctor ${plain.url}`);
    const untrusted = only(await examine({ target: secure.url }), "certificate-untrusted");
    expect(untrusted.remedy).toBe(`vecferry doctor ${secure.url} --qdrant-ca-file FILE`);
    const qdrantOptions = { caFile: certificate.caFile };
    const trusted = await examine({ target: `${secure.url}?grpc=off`, qdrant: qdrantOptions });
    expect(codesOf(trusted)).toEqual([]);
    const noFile = await examine({ target: secure.url, qdrant: { caFile: "/no/such/file" } });
    expect(codesOf(noFile)).toEqual(["setting-wrong"]);
  });

  it("says so of a Chroma too, with its tenant and database in the remedy", async () => {
    using certificate = makeCertificate();
    await using secure = await startStub(stubChroma({ api: "v2", records }), certificate);
    const address = `${asSource(secure.url).replace("chromas", "chroma")}/t%20x/d`;
    const found = only(await examine({ source: address }), "tls-wanted");
    expect(found.remedy).toBe(`vecferry doctor ${asSource(secure.url)}/t%20x/d`);
  });
});

describe("doctor on keys", () => {
  it.each([
    [undefined, "key-missing"],
    ["s3cret", "key-refused"],
  ])("calls a refusal of key %s %s, and shows none", async (apiKey, code) => {
    const keyed: StubHandler = ({ path }) =>
      path === "/" ? undefined : { status: 401, body: "no" };
    await using stub = await startStub(qdrant("1.18.2", keyed));
    const options = apiKey === undefined ? {} : { apiKey };
    const found = only(await examine({ target: `${stub.url}?grpc=off`, qdrant: options }), code);
    expect(found.remedy).toMatch(/--qdrant-api-key-file FILE$/);
    expect(JSON.stringify(found)).not.toContain("s3cret");
  });

  it("says so of a proxy that wants a key before it lets anyone see a Chroma", async () => {
    await using stub = await startStub(() => ({ status: 401, body: { error: "AuthError" } }));
    const found = only(await examine({ source: asSource(stub.url) }), "key-missing");
    expect(found.remedy).toMatch(/--chromadb-token-file FILE$/);
    const token = { token: "s3cret" };
    expect(codesOf(await examine({ source: asSource(stub.url), chroma: token }))).toEqual([
      "key-refused",
    ]);
  });

  it.each([
    [200, []],
    [403, ["key-read-only"]],
    [404, []],
  ])("takes %i at what only a key that may write is shown for %j", async (status, codes) => {
    const managed: StubHandler = ({ path }) =>
      path === "/debugger" || path.startsWith("/profiler") ? { status, body: {} } : undefined;
    await using stub = await startStub(qdrant("1.18.2", managed));
    const target = `${stub.url}?grpc=off`;
    expect(codesOf(await examine({ target, qdrant: { apiKey: "any" } }))).toEqual(codes);
  });

  it.each([
    [{ access: "r" }, ["key-read-only"]],
    [{ access: "m" }, []],
    [{ exp: 1 }, []],
    [{ access: [{ collection: "x", access: "rw" }] }, ["key-limited"]],
  ])("reads in a token what it is for: %j", async (claims, codes) => {
    await using stub = await startStub(qdrant("1.18.2"));
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const apiKey = `${part({ alg: "HS256" })}.${part(claims)}.c2lnbmF0dXJl`;
    expect(codesOf(await examine({ target: `${stub.url}?grpc=off`, qdrant: { apiKey } }))).toEqual(
      codes,
    );
  });

  it("says where none is given for Chroma Cloud, without asking anyone", async () => {
    const found = only(
      await examine({ source: "chroma-cloud://t/d?host=http://127.0.0.1:1" }),
      "key-missing",
    );
    expect(found.end).toBe("source");
  });
});

describe("doctor on versions", () => {
  it.each([
    ["1.9.7", ["version-too-old"]],
    ["1.12.0", ["version-old"]],
    ["1.15.9", ["version-old"]],
    ["1.16.0", []],
    ["1.18.2", []],
    ["1.20.0", ["version-newer"]],
    ["2.0.0-dev", ["version-newer"]],
  ])("says of Qdrant %s: %j", async (version, codes) => {
    await using stub = await startStub(qdrant(version));
    expect(codesOf(await atTarget(stub.url))).toEqual(codes);
  });

  it.each([
    ["v1", "0.4.24", "Chroma 0.4.24, API v1", []],
    ["v2", "1.0.0", "Chroma 1.0, API v2", []],
    ["v2", "1.9.0", "Chroma 1.9.0, API v2", ["version-newer"]],
    ["v1", "0.4.10", "", ["version-too-old"]],
  ] as const)("says of a Chroma that answers %s as %s: %s", async (api, version, said, codes) => {
    await using stub = await startChroma({ api, version });
    const findings = await examine({ source: asSource(stub.url) });
    expect(codesOf(findings)).toEqual(codes);
    if (said !== "") expect(only(findings, "version").text).toContain(said);
  });

  it.each([
    [-3600, "behind"],
    [3600, "ahead of"],
  ])("says that a clock is %i s off", async (seconds, words) => {
    const clock: StubHandler = ({ path }) =>
      path === "/"
        ? {
            headers: { date: new Date(Date.now() + seconds * 1000).toUTCString() },
            body: { title: "qdrant", version: "1.18.2" },
          }
        : undefined;
    await using stub = await startStub(qdrant("1.18.2", clock));
    const found = only(await atTarget(stub.url), "clock-skew");
    expect(found.text).toContain(words);
    expect(Math.abs(Number(found.evidence["aheadSeconds"]) - seconds)).toBeLessThan(5);
  });
});

describe("doctor on Chroma Cloud", () => {
  it("says until when it can be read, with the command that saves everything", async () => {
    await using stub = await startChroma();
    const address = `chroma-cloud://default_tenant/default_database?host=${stub.url}`;
    const findings = await examine({ source: address, chroma: { token: "s3cret" } });
    expect(codesOf(findings)).toEqual(["cloud-closing", "cloud-requests"]);
    expect(only(findings, "cloud-closing")).toMatchObject({
      severity: "warning",
      evidence: { writesEnd: "2026-11-22", readsEnd: "2026-12-22" },
      remedy: `vecferry backup '${address}' archive:./rescue`,
    });
    expect(JSON.stringify(findings)).not.toContain("s3cret");
  });

  it("names a key that it does not take", async () => {
    await using stub = await startChroma({
      intercept: ({ path }) =>
        path.includes("/tenants/") ? { status: 401, body: { error: "AuthError" } } : undefined,
    });
    const address = `chroma-cloud://default_tenant/default_database?host=${stub.url}`;
    const found = only(await examine({ source: address, chroma: { token: "x" } }), "key-refused");
    expect(found.remedy).toBe(`vecferry doctor '${address}' --chromadb-token-file FILE`);
  });
});
