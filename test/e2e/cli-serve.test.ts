import { join } from "node:path";
import { QdrantClient } from "@qdrant/js-client-rest";
import { describe, expect, it } from "vitest";
import { runCli, type Started, startCli, temporaryFolder } from "../support/cli.ts";

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
});
