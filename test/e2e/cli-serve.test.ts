import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { QdrantClient } from "@qdrant/js-client-rest";
import { describe, expect, it } from "vitest";
import { runCli, type Started, startCli, temporaryFolder } from "../support/cli.ts";
import { rawCall } from "../support/grpc-call.ts";

async function serve(cwd: string, ...args: string[]): Promise<Started & { url: string }> {
  const started = startCli(["serve", "q", "--port", "0", ...args], { cwd });
  const [, url = ""] = await started.until(/at (http:\S+) /);
  return { ...started, url };
}

const json = { "content-type": "application/json" };

describe("vecferry serve", () => {
  it("answers like Qdrant, keeps what is written, and ends with a signal", async () => {
    using folder = temporaryFolder();
    const first = await serve(folder.path);
    const put = (path: string, body: object) =>
      fetch(first.url + path, { method: "PUT", headers: json, body: JSON.stringify(body) });
    expect(await (await fetch(first.url)).json()).toMatchObject({ version: "1.18.2" });
    for (const path of ["/readyz", "/healthz", "/livez"]) {
      expect((await fetch(first.url + path)).status).toBe(200);
    }
    await put("/collections/x", { vectors: { size: 2, distance: "Cosine" } });
    const points = [
      { id: 1, vector: [1, 0], payload: { tenant_id: "a" } },
      { id: 2, vector: [1, 0.1], payload: { tenant_id: "b" } },
    ];
    expect((await put("/collections/x/points?wait=true", { points })).status).toBe(200);
    const filter = { must: [{ key: "tenant_id", match: { value: "b" } }] };
    const body = JSON.stringify({ vector: [1, 0], limit: 3, filter });
    const search = { method: "POST", headers: json, body };
    const found = await (await fetch(`${first.url}/collections/x/points/search`, search)).json();
    expect(found).toMatchObject({ status: "ok", result: [{ id: 2 }] });
    first.child.kill("SIGTERM");
    expect((await first.ended).status).toBe(0);

    const second = await serve(folder.path);
    const client = new QdrantClient({ url: second.url, checkCompatibility: false });
    expect((await client.getCollection("x")).points_count).toBe(2);
    second.child.kill("SIGINT");
    const ended = await second.ended;
    expect(ended.status).toBe(0);
    expect(ended.stderr).not.toContain("ExperimentalWarning");
  });

  it("asks for its key and never says it", async () => {
    using folder = temporaryFolder();
    const started = await serve(folder.path, "--api-key", "s3cr3t-key-0123456789");
    const url = `${started.url}/collections`;
    expect((await fetch(url)).status).toBe(401);
    const headers = { "api-key": "s3cr3t-key-0123456789" };
    expect((await fetch(url, { headers })).status).toBe(200);
    started.child.kill("SIGTERM");
    const { stdout, stderr } = await started.ended;
    expect(stderr).toContain("Warning: The process list shows what --api-key gives");
    expect(stdout + stderr).not.toContain("s3cr3t");
  });

  it("takes a second key, which is good for reading alone", async () => {
    using folder = temporaryFolder();
    const started = await serve(folder.path, "--read-only-api-key", "readers-key-0123456789");
    const url = `${started.url}/collections`;
    const headers = { "api-key": "readers-key-0123456789" };
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(url, { headers })).status).toBe(200);
    expect((await fetch(`${url}/c`, { method: "DELETE", headers })).status).toBe(403);
    started.child.kill("SIGTERM");
    expect((await started.ended).status).toBe(0);
  });

  it("listens without a key where others reach it only if that is said", async () => {
    using folder = temporaryFolder();
    const serving = ["serve", ":memory:", "--port", "0", "--host", "0.0.0.0"];
    const refused = await runCli(serving, { cwd: folder.path });
    expect(refused.stderr).toContain("can read and change everything");
    expect(refused.stderr).toContain("--insecure");
    expect(refused.status).toBe(2);
    const started = startCli([...serving, "--insecure"], { cwd: folder.path });
    await started.until(/at (http:\S+) /);
    started.child.kill("SIGTERM");
    const { stderr, status } = await started.ended;
    expect(stderr).toContain("Warning: Whoever reaches 0.0.0.0 can read and change everything");
    expect(status).toBe(0);
  });

  it("refuses a folder that another process serves, and a port that is taken", async () => {
    using folder = temporaryFolder();
    const started = await serve(folder.path);
    const again = await runCli(["serve", "q", "--port", "0"], { cwd: folder.path });
    expect(again.stderr).toContain("E_LOCKED");
    expect(again.status).toBe(5);
    const { port } = new URL(started.url);
    const taken = await runCli(["serve", ":memory:", "--port", port], { cwd: folder.path });
    expect(taken.stderr).toContain("cannot be taken");
    expect(taken.status).toBe(2);
    started.child.kill("SIGTERM");
    await started.ended;
  });

  it("says with --json where it listens", async () => {
    using folder = temporaryFolder();
    const started = startCli(["serve", "q", "--port", "0", "--json"], { cwd: folder.path });
    const [line = ""] = await started.until(/^.*\n/);
    expect(JSON.parse(line)).toMatchObject({
      format: 1,
      type: "listening",
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      folder: expect.stringContaining(join(folder.path, "q")),
    });
    started.child.kill("SIGTERM");
    expect((await started.ended).status).toBe(0);
  });

  it("answers gRPC at the port above REST's, at any that is free, or not at all", async () => {
    using folder = temporaryFolder();
    const health = "/qdrant.Qdrant/HealthCheck";
    const [restPort] = await freePorts();
    const started = startCli(["serve", ":memory:", "--port", restPort], { cwd: folder.path });
    const [, port = ""] = await started.until(/\(gRPC at port (\d+); /);
    expect(Number(port)).toBe(Number(restPort) + 1);
    expect(await rawCall(Number(port), health)).toMatchObject({ code: 0 });
    const json = ["serve", "q", "--port", "0", "--json"];
    const any = startCli(json, { cwd: folder.path });
    const [line = ""] = await any.until(/^.*\n/);
    expect(await rawCall(JSON.parse(line).grpcPort, health)).toMatchObject({ code: 0 });
    any.child.kill("SIGTERM");
    expect((await any.ended).status).toBe(0);
    const none = startCli([...json, "--grpc-port", "off"], { cwd: folder.path });
    const [other = ""] = await none.until(/^.*\n/);
    expect(JSON.parse(other)).toMatchObject({ grpcPort: null });
    for (const one of [started, none]) {
      one.child.kill("SIGTERM");
      expect((await one.ended).status).toBe(0);
    }
    expect((await none.ended).stderr).not.toContain("Warning");
  });

  it("answers REST alone where the port above is taken, and refuses a named one", async () => {
    using folder = temporaryFolder();
    const [restPort, grpcPort] = await freePorts();
    const other = createServer().listen(Number(grpcPort), "127.0.0.1");
    await once(other, "listening");
    const at = ["serve", ":memory:", "--port", restPort];
    const started = startCli(at, { cwd: folder.path });
    const [, url = ""] = await started.until(/at (http:\S+) \(Ctrl-C/);
    expect((await fetch(`${url}/collections`)).status).toBe(200);
    started.child.kill("SIGTERM");
    const { stderr } = await started.ended;
    const said = new RegExp(`^Warning: .*:${grpcPort} cannot be taken.* REST alone is answered;`);
    expect(stderr.split("\n").filter((line) => said.test(line))).toHaveLength(1);
    const refused = await runCli([...at, "--grpc-port", grpcPort], { cwd: folder.path });
    expect(refused.stderr).toContain("E_CONFIG");
    expect(refused.stderr).toContain(`vecferry ${at.join(" ")} --grpc-port 0\n`);
    expect(refused.status).toBe(2);
    const wrong = await runCli([...at, "--grpc-port", "70000"], { cwd: folder.path });
    expect(wrong.stderr).toContain("--grpc-port must be a whole number from 0 to 65535, or off");
    other.close();
  });
});

/** A port that is free, and the one above it, free too. */
async function freePorts(): Promise<[string, string]> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const first = createServer().listen(0, "127.0.0.1");
    await once(first, "listening");
    const { port } = first.address() as AddressInfo;
    const second = createServer().listen(port + 1, "127.0.0.1");
    const free = await once(second, "listening").then(
      () => true,
      () => false,
    );
    for (const server of [first, second]) await new Promise((closed) => server.close(closed));
    if (free) return [String(port), String(port + 1)];
  }
  throw new Error("No two neighbouring ports are free.");
}
