/** Snapshots over connections, proxies, disks and clouds at fault. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openServerSnapshots } from "../../src/adapters/qdrant/index.ts";
import { type Engine, openEngine } from "../../src/engine/index.ts";
import { createSnapshots } from "../../src/migrate/snapshots/create.ts";
import { recoverSnapshots } from "../../src/migrate/snapshots/recover.ts";
import type { SnapshotSet } from "../../src/migrate/snapshots/set.ts";
import { type Serving, serve } from "../../src/server/serve.ts";
import { projectRoot } from "../support/files.ts";
import { programText } from "../support/programs.ts";
import {
  type ProxiedRequest,
  type ProxyRules,
  startProxy,
  type TestProxy,
} from "../support/proxy.ts";

let engine: Engine;
let server: Serving;
let folder: string;

beforeAll(async () => {
  engine = await openEngine(":memory:");
  server = await serve(engine, { port: 0, grpcPort: null });
  await engine.createCollection("docs", { vectors: { size: 2, distance: "Dot" } });
  const data = Float32Array.from({ length: 400 }, (_, at) => at);
  const ids = Array.from({ length: 200 }, (_, id) => String(id));
  const vectors = new Map([["", { kind: "dense" as const, dimension: 2, data, present: null }]]);
  await engine.upsert("docs", { ids, vectors, payloads: ids.map((id) => `{"id":${id}}`) });
});

afterAll(async () => {
  await server.close();
  await engine.close();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vecferry-snapshot-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const context = (signal = new AbortController().signal) => ({ signal, onStep: () => undefined });
const all = { collections: null, storage: false, keep: false };

/** Makes and fetches snapshots through a proxy. */
async function through(rules: ProxyRules, signal?: AbortSignal) {
  await using proxy = await startProxy(server.url, rules);
  return await create(proxy, signal);
}

async function create(
  proxy: TestProxy,
  signal?: AbortSignal,
): Promise<{ set?: SnapshotSet; error?: unknown; requests: readonly ProxiedRequest[] }> {
  await using store = await openServerSnapshots(proxy.url, [], { timeoutMs: 20_000 });
  const to = join(folder, "set");
  return await createSnapshots(store, { ...all, folder: to }, context(signal)).then(
    (set) => ({ set, requests: proxy.requests }),
    (error: unknown) => ({ error, requests: proxy.requests }),
  );
}

const isDownload = ({ method, path }: { method: string; path: string }) =>
  method === "GET" && /\/snapshots\/.+/.test(path);

const isMaking = ({ method, path }: { method: string; path: string }) =>
  method === "POST" && path.includes("/snapshots");

describe("a snapshot", () => {
  it("that is cut in the middle is fetched again, and stands under its name only when it is whole", async () => {
    let cuts = 0;
    const seen: string[][] = [];
    const { set } = await through({
      after(request) {
        if (!isDownload(request)) return undefined;
        seen.push(readdirSync(join(folder, "set")));
        cuts += 1;
        return cuts < 3 ? "cut" : undefined;
      },
    });
    expect(cuts).toBe(3);
    expect(set?.whole).toBe(true);
    expect(seen.flat().filter((name) => name.endsWith(".snapshot"))).toEqual([]);
  });

  it("that never comes whole leaves nothing but the list, with which the same call goes on", async () => {
    await using proxy = await startProxy(server.url, {
      after: (request) => (isDownload(request) ? "cut" : undefined),
    });
    const first = await create(proxy);
    expect(first.error).toMatchObject({ code: "E_BAD_RESPONSE", exit: 5 });
    expect(readdirSync(join(folder, "set"))).toEqual(["snapshots.json"]);
    proxy.rules = {};
    expect((await create(proxy)).set?.whole).toBe(true);
    expect(proxy.requests.filter(isMaking)).toHaveLength(1);
  });

  it("of a collection that came between two calls is taken by the second; one that went meanwhile stays in the set, and none is another's file", async () => {
    const vectors = { size: 2, distance: "Dot" } as const;
    for (const name of ["aé", "zeta"]) await engine.createCollection(name, { vectors });
    await using proxy = await startProxy(server.url, {
      after: (request) =>
        isDownload(request) && request.path.includes("/zeta/") ? "cut" : undefined,
    });
    try {
      expect((await create(proxy)).error).toMatchObject({ code: "E_BAD_RESPONSE" });
      await engine.createCollection("alpha", { vectors });
      await engine.deleteCollection("aé");
      await engine.createCollection("aü", { vectors });
      proxy.rules = {};
      const { set } = await create(proxy);
      const names = set?.snapshots.map(({ collection }) => collection).sort();
      expect(names).toEqual(["alpha", "aé", "aü", "docs", "zeta"]);
      const files = set?.snapshots.flatMap((one) => one.files.map(({ file }) => file)) ?? [];
      expect(readdirSync(join(folder, "set")).sort()).toEqual([...files, "snapshots.json"].sort());
    } finally {
      for (const name of ["alpha", "zeta", "aü"]) await engine.deleteCollection(name);
    }
  });

  it("whose bytes are not those of the list is refused and not kept", async () => {
    const { error } = await through({
      before: (request) => (isDownload(request) ? { status: 200, body: "other bytes" } : undefined),
    });
    expect(error).toMatchObject({ code: "E_SNAPSHOT_DAMAGED" });
    expect(readdirSync(join(folder, "set"))).toEqual(["snapshots.json"]);
  });

  it("whose answer is lost is made once; where a gateway gave up, it is found in the list", async () => {
    const { set, requests } = await through({
      after: (request) => (isMaking(request) ? "reset" : undefined),
    });
    // A lost connection says nothing of what the server did: it is an error, and nothing is made twice.
    expect(set).toBeUndefined();
    expect(requests.filter(isMaking)).toHaveLength(1);
    let given = false;
    const late = await through({
      async before(request) {
        if (!isMaking(request) || given) return undefined;
        given = true;
        // A cloud's gateway gives up while the server goes on.
        await fetch(`${server.url}/collections/docs/snapshots`, { method: "POST" });
        return { status: 504, body: "" };
      },
    });
    expect(late.set?.whole).toBe(true);
    expect(late.requests.filter(isMaking)).toHaveLength(1);
  });

  it("of a cloud that is busy waits as it is told, and its refusal to fetch is told as such", async () => {
    let busy = 2;
    const { set } = await through({
      before({ path }) {
        if (!path.endsWith("/snapshots") || busy === 0) return undefined;
        busy -= 1;
        return {
          status: 429,
          headers: { "retry-after": "0" },
          body: '{"status":{"error":"busy"},"time":0}',
        };
      },
    });
    expect(set?.whole).toBe(true);
    await using store = await openServerSnapshots(server.url, [], {});
    const from = "https://example.com/docs.snapshot";
    const rest = {
      renames: new Map(),
      overwrite: true,
      priority: "snapshot",
      sha256: null,
    } as const;
    const request = { from, collections: ["docs"], ...rest, dryRun: false, waitMs: 1_000 };
    await expect(recoverSnapshots(store, request, context())).rejects.toMatchObject({
      code: "E_AUTH",
    });
  });

  it("of a cluster is not asked of an address that spreads its calls, nor of a part of the nodes", async () => {
    let asked = 0;
    const peers = { "11": { uri: "http://node-1:6335" }, "22": { uri: "http://node-2:6335" } };
    const spreading = (spread: boolean): ProxyRules => ({
      before({ path }) {
        if (path !== "/cluster") return undefined;
        asked += 1;
        const result = { status: "enabled", peer_id: spread && asked % 2 === 0 ? 22 : 11, peers };
        return { status: 200, body: JSON.stringify({ result, status: "ok", time: 0 }) };
      },
    });
    await using proxy = await startProxy(server.url, spreading(true));
    const opened = openServerSnapshots(proxy.url, [], {});
    await expect(opened).rejects.toMatchObject({
      code: "E_CONFIG",
      message: expect.stringContaining("more than one node"),
    });
    proxy.rules = spreading(false);
    await using store = await openServerSnapshots(proxy.url, [], {});
    const everything = { ...all, storage: true, folder: join(folder, "set") };
    await expect(createSnapshots(store, everything, context())).rejects.toMatchObject({
      code: "E_CONFIG",
      message: expect.stringContaining("Not named: 22 (http://node-2:6335"),
    });
    await expect(openServerSnapshots(server.url, [proxy.url], {})).rejects.toMatchObject({
      code: "E_CONFIG",
    });
  });

  it("whose upload is lost half-way leaves the collection that stands there", async () => {
    const to = join(folder, "set");
    await through({});
    await using proxy = await startProxy(server.url, {
      before: ({ path }) => (path.includes("/upload") ? "reset" : undefined),
    });
    await using store = await openServerSnapshots(proxy.url, [], {});
    const request = {
      from: to,
      collections: null,
      renames: new Map([["docs", "other"]]),
      overwrite: false,
      priority: "snapshot" as const,
      sha256: null,
      dryRun: false,
      waitMs: 1_000,
    };
    await expect(recoverSnapshots(store, request, context())).rejects.toMatchObject({ exit: 5 });
    expect(await engine.listCollections()).toEqual(["docs"]);
  });

  it("that is interrupted leaves no part of a file", async () => {
    const interrupt = new AbortController();
    const { error } = await through(
      {
        after(request) {
          if (isDownload(request)) interrupt.abort();
          return isDownload(request) ? "stall" : undefined;
        },
      },
      interrupt.signal,
    );
    expect(error).toMatchObject({ code: "E_ABORTED" });
    expect(readdirSync(join(folder, "set"))).toEqual(["snapshots.json"]);
    expect(JSON.parse(readFileSync(join(folder, "set/snapshots.json"), "utf8")).whole).toBe(false);
  });

  it.skipIf(process.platform === "win32")(
    "that the disk takes only in part leaves no file",
    async () => {
      const program = `
      import { openServerSnapshots } from "./src/adapters/qdrant/index.ts";
      import { createSnapshots } from "./src/migrate/snapshots/create.ts";
      const store = await openServerSnapshots(${JSON.stringify(server.url)}, [], {});
      const request = { collections: null, storage: false, keep: false, folder: ${JSON.stringify(join(folder, "set"))} };
      const context = { signal: new AbortController().signal, onStep: () => undefined };
      await createSnapshots(store, request, context).catch((error) => console.log(error.code));
      process.exit();`;
      const shell = 'ulimit -f 40; exec "$0" "$@"';
      const { stdout } = await promisify(execFile)(
        "bash",
        ["-c", shell, process.execPath, ...programText(program)],
        {
          cwd: projectRoot,
        },
      );
      expect(stdout.trim()).toMatch(/^(E_CONFIG|E_DISK_FULL)$/);
      expect(readdirSync(join(folder, "set")).filter((name) => name !== "snapshots.json")).toEqual(
        [],
      );
      expect(existsSync(join(folder, "set.lock"))).toBe(false);
    },
  );
});
