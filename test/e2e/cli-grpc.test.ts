/** The gRPC port by the command: where it is named, what is said of it, and what a wrong one leads to. */
import { readdirSync, readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../src/engine/index.ts";
import { reportSchema } from "../../src/migrate/report-schema.ts";
import { type Serving, serve } from "../../src/server/serve.ts";
import { runCli, temporaryFolder, unpackChroma } from "../support/cli.ts";
import { expectRefusal, runKeyed } from "../support/refusal.ts";

let chroma: ReturnType<typeof temporaryFolder>;
let source: string;
let engine: Engine;
let server: Serving;
let folder: ReturnType<typeof temporaryFolder>;
beforeAll(async () => {
  chroma = temporaryFolder();
  source = `${unpackChroma("1.5.9", chroma.path)}?tenant=default_tenant`;
  engine = await openEngine(":memory:");
  server = await serve(engine, { port: 0 });
});
afterAll(async () => {
  await server.close();
  await engine[Symbol.asyncDispose]();
  chroma[Symbol.dispose]();
});
beforeEach(async () => {
  for (const name of await engine.listCollections()) await engine.deleteCollection(name);
  folder = temporaryFolder();
  return () => folder[Symbol.dispose]();
});

const one = ["--chromadb-collections", "squares"];
const migrate = (address: string, ...flags: readonly string[]) => [
  ...["migrate", source, address, ...one],
  ...flags,
];

describe("the gRPC port", () => {
  it.each<[string, (port: number) => { query?: string; flags?: string[]; env?: object }]>([
    ["a flag", (port) => ({ flags: ["--qdrant-grpc-port", `${port}`] })],
    ["the address", (port) => ({ query: `?grpc=${port}`, env: { QDRANT_GRPC_PORT: "1" } })],
    ["a variable", (port) => ({ env: { QDRANT_GRPC_PORT: `${port}` } })],
    [
      "a flag before the address",
      (port) => ({ query: "?grpc=1", flags: ["--qdrant-grpc-port", `${port}`] }),
    ],
  ])("is taken from %s, and the run says so", async (_name, say) => {
    const port = server.grpcPort ?? 0;
    const { query = "", flags = [], env = {} } = say(port);
    const cwd = folder.path;
    const line = `Qdrant by gRPC at port ${port}.`;
    const ended = await runCli(migrate(`${server.url}${query}`, ...flags), {
      cwd,
      env: { ...env },
    });
    expect(ended).toMatchObject({ status: 0, stderr: "" });
    expect(ended.stdout.split("\n").filter((text) => text === line)).toHaveLength(1);
    expect(reportIn(cwd).environment.targetRoad).toBe(line);
    expect(await engine.count("squares", undefined)).toBeGreaterThan(0);
  });

  it("is left alone when told to, with the same journal, and programs read it", async () => {
    const cwd = folder.path;
    const grpc = await runCli(migrate(server.url, "--qdrant-grpc-port", `${server.grpcPort}`), {
      cwd,
    });
    expect(grpc).toMatchObject({ status: 0, stderr: "" });
    const rest = await runCli(migrate(server.url, "--qdrant-grpc-port", "off", "--json"), { cwd });
    expect(rest.status).toBe(0);
    const events = rest.stdout
      .trimEnd()
      .split("\n")
      .map((text) => JSON.parse(text));
    const line = "Qdrant by REST: no gRPC is wanted.";
    const port = Number(new URL(server.url).port);
    expect(events.filter(({ type }) => type === "road")).toEqual([
      { format: 1, type: "road", end: "target", road: "rest", port, text: line },
    ]);
    const { report } = events.at(-1);
    expect(report.environment.targetRoad).toBe(line);
    // The migration is the same one: all was carried by the other road.
    expect(report.totals.carried).toBe(0);
    expect(
      readdirSync(join(cwd, ".vecferry")).filter((name) => /^\w{16}$/.test(name)),
    ).toHaveLength(1);
    const verify = await runCli(["verify"], {
      cwd,
      env: { QDRANT_GRPC_PORT: `${server.grpcPort}` },
    });
    expect(verify).toMatchObject({ status: 0, stderr: "" });
    expect(verify.stdout).toContain(`Qdrant by gRPC at port ${server.grpcPort}.`);
    const cancel = await runCli(["cancel"], { cwd, env: { QDRANT_GRPC_PORT: "1" } });
    expect(cancel.stderr).toContain("nothing answers gRPC at port 1");
  });

  it("that is closed is refused where it was named, before anything is written", async () => {
    const refusal = {
      exit: 5,
      code: "E_UNREACHABLE",
      says: "nothing answers gRPC at port 1",
      remedy: "Give the gRPC port of the server at",
    };
    expectRefusal(await runKeyed(migrate(`${server.url}?grpc=1`), folder.path), refusal);
    expect(await engine.listCollections()).toEqual([]);
  });

  it("that speaks HTTP/1 is refused where it was named", async () => {
    const port = Number(new URL(server.url).port);
    expectRefusal(await runKeyed(migrate(`${server.url}?grpc=${port}`), folder.path), {
      exit: 2,
      code: "E_CONFIG",
      says: "does not speak gRPC",
      remedy: '"off" for REST alone',
    });
    expect(await engine.listCollections()).toEqual([]);
  });

  it("that is another server's is refused where it was named, and nothing is written there", async () => {
    await using other = await openEngine(":memory:");
    await using there = await serve(other, { port: 0 });
    const address = `${server.url}?grpc=${there.grpcPort}`;
    expectRefusal(await runKeyed(migrate(address), folder.path), {
      exit: 2,
      code: "E_CONFIG",
      says: `Another server than ${server.url} answers gRPC at port ${there.grpcPort}`,
      remedy: '"off" for REST alone',
    });
    expect(await other.listCollections()).toEqual([]);
    // With the right port the same command goes on.
    const mended = await runCli(migrate(`${server.url}?grpc=${server.grpcPort}`), {
      cwd: folder.path,
    });
    expect(mended).toMatchObject({ status: 0, stderr: "" });
  });

  it("that is no port is a mistake in the flag, the variable or the address", async () => {
    const cwd = folder.path;
    for (const [args, env] of [
      [migrate(server.url, "--qdrant-grpc-port", "x"), {}],
      [migrate(server.url), { QDRANT_GRPC_PORT: "70000" }],
      [migrate(`${server.url}?grpc=0`), {}],
    ] as const) {
      const ended = await runCli(args, { cwd, env });
      expect(ended.status).toBe(2);
      expect(ended.stderr).toMatch(/1 to 65535/);
    }
  });

  it("that nobody named is passed over where something else answers there", async () => {
    const http = createHttpServer((_request, response) => response.end("hi"));
    const rest = await besideOf(http);
    try {
      const ended = await runCli(migrate(rest.url), { cwd: folder.path });
      expect(ended).toMatchObject({ status: 0, stderr: "" });
      expect(ended.stdout).toContain("Qdrant by REST: what answers at port ");
    } finally {
      await rest.close();
      http.close();
    }
  });
});

/** The embedded Qdrant's REST alone, at the port below that of `server`. */
async function besideOf(http: ReturnType<typeof createHttpServer>): Promise<Serving> {
  for (let turn = 0; ; turn += 1) {
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const address = http.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    try {
      return await serve(engine, { port: port - 1, grpcPort: null });
    } catch (error) {
      if (turn === 50) throw error;
      await new Promise((resolve) => http.close(resolve));
    }
  }
}

function reportIn(cwd: string) {
  const state = join(cwd, ".vecferry");
  const run = readdirSync(state).find((name) => /^\w{16}$/.test(name)) ?? "";
  return reportSchema.parse(JSON.parse(readFileSync(join(state, run, "report.json"), "utf8")));
}
