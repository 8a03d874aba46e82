/** A cluster of real Qdrant servers on loopback, each a process of its own: where QDRANT_BINARY names the server's program. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The program; null = there is none, and its tests are skipped. */
export const qdrantBinary: string | null = process.env["QDRANT_BINARY"] || null;

/** How long a node may take to be one of the cluster. */
const readyMs = 60_000;

export interface QdrantCluster extends AsyncDisposable {
  /** REST addresses of the nodes. */
  readonly urls: readonly string[];
  /** Their ports of gRPC. */
  readonly grpcPorts: readonly number[];
  /** Speaks plain HTTP to a node; gives the answer's `result`. */
  call<Result>(node: number, method: string, path: string, body?: unknown): Promise<Result>;
}

export async function startCluster(nodes: number): Promise<QdrantCluster> {
  const folder = mkdtempSync(join(tmpdir(), "vecferry-cluster-"));
  const children: ChildProcess[] = [];
  const urls: string[] = [];
  const grpcPorts: number[] = [];
  let first = "";
  const call = async <Result>(
    node: number,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Result> => {
    const response = await fetch(`${urls[node]}${path}`, {
      method,
      headers: { "content-type": "application/json", connection: "close" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text).result;
  };
  for (let node = 0; node < nodes; node += 1) {
    const [http, grpc, peer] = [await freePort(), await freePort(), await freePort()];
    const own = `http://127.0.0.1:${peer}`;
    const bootstrap = node === 0 ? [] : ["--bootstrap", first];
    if (node === 0) first = own;
    const cwd = mkdtempSync(join(folder, `node-${node}-`));
    const env = {
      ...process.env,
      QDRANT__SERVICE__HOST: "127.0.0.1",
      QDRANT__SERVICE__HTTP_PORT: String(http),
      QDRANT__SERVICE__GRPC_PORT: String(grpc),
      QDRANT__CLUSTER__ENABLED: "true",
      QDRANT__CLUSTER__P2P__PORT: String(peer),
      QDRANT__TELEMETRY_DISABLED: "true",
      QDRANT__LOG_LEVEL: "ERROR",
    };
    const words = [...bootstrap, "--uri", own];
    children.push(spawn(qdrantBinary ?? "", words, { cwd, env, stdio: "ignore" }));
    urls.push(`http://127.0.0.1:${http}`);
    grpcPorts.push(grpc);
    await untilJoined(() => call<Cluster>(node, "GET", "/cluster"), node + 1);
  }
  return {
    urls,
    grpcPorts,
    call,
    async [Symbol.asyncDispose]() {
      const ended = children.map((child) => new Promise((end) => child.once("exit", end)));
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(ended);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Cluster {
  readonly peers?: Readonly<Record<string, unknown>>;
}

async function untilJoined(ask: () => Promise<Cluster>, nodes: number): Promise<void> {
  for (const endMs = performance.now() + readyMs; ; await sleep(100)) {
    const { peers = {} } = await ask().catch((): Cluster => ({}));
    if (Object.keys(peers).length >= nodes) return;
    if (performance.now() > endMs) throw new Error("The cluster does not come up.");
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address !== "object") throw new Error("no port");
  return address.port;
}
