import { describe, expect, it } from "vitest";
import type { Finding } from "../../../../src/migrate/doctor/finding.ts";
import { examineRegistry, type RegistryContext } from "../../../../src/migrate/doctor/registry.ts";
import { qdrantImages, qdrantRelease } from "../../../../src/model/releases.ts";
import { type Stub, type StubRequest, startStub } from "../../../support/stub.ts";

/** A registry that gives tokens and manifests with these statuses. */
function registry(token = 200, manifest = 200): Promise<Stub> {
  return startStub(({ path, headers }: StubRequest) => {
    const realm = `http://${headers.host}/token`;
    if (path.startsWith("/token?"))
      return { status: token, body: token === 200 ? { token: "t0ken" } : { details: "no" } };
    if (headers.authorization === "Bearer t0ken") return { status: manifest, body: "" };
    const challenge = `Bearer realm="${realm}",service="reg",scope="repository:q:pull"`;
    return { status: 401, headers: { "www-authenticate": challenge }, body: "" };
  });
}

interface Scene {
  readonly hub: Stub | null;
  readonly other?: Stub | null;
  readonly binaries?: Stub | null;
  /** Exit statuses of docker with its own login and with none; null = no docker. */
  readonly docker?: readonly [own: number | null, none: number | null];
}

const nowhere = "http://127.0.0.1:1";

async function examine({ hub, other = null, binaries = null, docker = [null, null] }: Scene) {
  const asked: string[] = [];
  const context: RegistryContext = {
    addresses: {
      "docker.io": hub?.url ?? nowhere,
      "ghcr.io": other?.url ?? nowhere,
      binaries: binaries?.url ?? nowhere,
    },
    docker: async (words, login) => {
      asked.push([...words, login].join(" "));
      return docker[login === "own" ? 0 : 1];
    },
    reachMs: 2_000,
    signal: new AbortController().signal,
    onFinding: () => undefined,
  };
  const { findings } = await examineRegistry(context);
  expect(findings).toHaveLength(1);
  return { finding: findings[0] as Finding, asked };
}

describe("doctor --registry", () => {
  it("asks as docker does, with the token that it is given, and reads nothing but the manifest's head", async () => {
    await using hub = await registry();
    const { finding } = await examine({ hub });
    expect(finding).toMatchObject({ code: "image-there", severity: "info" });
    const path = `/v2/qdrant/qdrant/manifests/v${qdrantRelease}`;
    expect(hub.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `HEAD ${path}`,
      "GET /token?service=reg&scope=repository%3Aq%3Apull",
      `HEAD ${path}`,
    ]);
  });

  it("asks nobody else where docker itself gets it", async () => {
    await using hub = await registry();
    const { finding, asked } = await examine({ hub, docker: [0, 0] });
    expect(finding.code).toBe("image-there");
    expect(hub.requests).toEqual([]);
    const image = `${qdrantImages["docker.io"]}:v${qdrantRelease}`;
    expect(asked).toEqual([`manifest inspect ${image} own`]);
  });

  it.each([
    [401, 200, "token", 401],
    [200, 429, "image", 429],
    [200, 403, "image", 403],
  ])("finds image-refused: token %i, image %i", async (token, manifest, step, status) => {
    await using hub = await registry(token, manifest);
    await using other = await registry();
    const { finding } = await examine({ hub, other, docker: [1, 1] });
    expect(finding).toMatchObject({
      code: "image-refused",
      severity: "error",
      evidence: { step, status, "ghcr.io": true },
      remedy: "vecferry deploy compose --registry ghcr.io",
    });
  });

  it("goes on to the next of its choices: the binary, embedded; and names them in their order", async () => {
    await using hub = await registry(401);
    await using other = await registry(403);
    await using binaries = await startStub(() => ({ status: 302, body: "" }));
    const native = await examine({ hub, other, binaries });
    expect(native.finding.remedy).toBe("vecferry deploy native");
    const { finding } = await examine({ hub: null });
    expect(finding.evidence).toMatchObject({ status: null, fault: "E_UNREACHABLE" });
    expect(finding.remedy).toContain("embedded:");
    expect(finding.text).toMatch(/--registry ghcr\.io.*deploy native.*embedded.*deploy cloud/);
  });

  it.each([
    ["image-login", 0],
    ["image-docker-fails", 1],
  ])("finds %s where docker without its login ends with %i", async (code, none) => {
    await using hub = await registry();
    const { finding, asked } = await examine({ hub, docker: [1, none] });
    expect(finding).toMatchObject({ code, severity: "error" });
    expect(asked).toHaveLength(2);
  });

  it("takes no token from an address of another scheme", async () => {
    await using hub = await startStub(() => ({
      status: 401,
      headers: { "www-authenticate": 'Bearer realm="file:///etc/passwd",service="x"' },
      body: "",
    }));
    expect((await examine({ hub })).finding.evidence).toMatchObject({ step: "image", status: 401 });
    expect(hub.requests).toHaveLength(1);
  });
});
