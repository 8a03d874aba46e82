import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { qdrantImageName } from "../../src/model/releases.ts";
import { runCli, temporaryFolder } from "../support/cli.ts";
import { fileList } from "../support/fixtures.ts";
import { makeFolder } from "../support/make-folder.ts";
import { startProxy } from "../support/proxy.ts";
import { qdrantKinds } from "../support/qdrant-places.ts";
import { secrets } from "../support/refusal.ts";
import { startStub } from "../support/stub.ts";
import { stubCollections, stubRecords } from "../support/stub-scene.ts";

interface Line {
  readonly format: number;
  readonly type: string;
  readonly code?: string;
  readonly [name: string]: unknown;
}

function linesOf(stdout: string): Line[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Requests that read: GETs, and the POSTs by which both servers are searched and read. */
const reads = /^(GET .*|POST .*\/(get|query|count|scroll|points))$/;

describe("vecferry doctor", () => {
  it("prints its findings, and ends with 0 unless --fail-on says otherwise", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    makeFolder(join(cwd, "chroma"), {
      records: 3,
      dimension: 2,
      distance: "cosine",
      fill: (index, target) => target.fill(index),
    });
    const plain = await runCli(["doctor", "./chroma"], { cwd });
    expect(plain).toMatchObject({ status: 0, stderr: "" });
    expect(plain.stdout).toContain('warning zero-vectors (source, "made")');
    expect(plain.stdout).toContain("> vecferry backup ./chroma archive:./before");
    expect(plain.stdout).toMatch(
      /Nothing stands in the way of a migration: 0 errors, 1 warning, \d info\.\n$/,
    );
    const strict = await runCli(["doctor", "./chroma", "--fail-on", "warning"], { cwd });
    expect([strict.status, strict.stdout]).toEqual([6, plain.stdout]);
  });

  it("writes versioned lines, each finding with all that it has", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    makeFolder(join(cwd, "chroma"), { records: 3, dimension: 2 });
    const { stdout, status } = await runCli(
      [
        "doctor",
        "./chroma",
        "http://127.0.0.1:1",
        "--layout",
        "flat",
        "--json",
        "--fail-on",
        "error",
      ],
      { cwd },
    );
    const lines = linesOf(stdout);
    expect(lines.every(({ format }) => format === 1)).toBe(true);
    expect(lines.find(({ code }) => code === "connection-refused")).toEqual({
      format: 1,
      type: "finding",
      code: "connection-refused",
      severity: "error",
      end: "target",
      collection: null,
      text: expect.stringContaining("ECONNREFUSED"),
      evidence: { error: "E_UNREACHABLE", cause: "ECONNREFUSED" },
      remedy: `docker run -p 1:6333 -p 2:6334 ${qdrantImageName}`,
    });
    expect(lines.some(({ code, end }) => code === "version" && end === "source")).toBe(true);
    const counts = { errors: 1, warnings: 0, failOn: "error", failed: true };
    expect(lines.at(-1)).toMatchObject({ type: "doctor", ...counts });
    expect(status).toBe(6);
  });

  it("changes nothing: not the source, not the target, not the state folder", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    makeFolder(join(cwd, "chroma"), { records: 300, dimension: 2 });
    await runCli(["migrate", "./chroma", "embedded:./q"], { cwd });
    const before = ["chroma", "q", ".vecferry"].map((name) => fileList(join(cwd, name)));
    const listed = fileList(cwd).map((line) => line.split(" ")[0]);
    const ended = await runCli(["doctor", "./chroma", "embedded:./q", "--full"], { cwd });
    expect(ended).toMatchObject({ status: 0, stderr: "" });
    await runCli(["doctor", "./chroma", "embedded:./never-made"], { cwd });
    expect(["chroma", "q", ".vecferry"].map((name) => fileList(join(cwd, name)))).toEqual(before);
    expect(fileList(cwd).map((line) => line.split(" ")[0])).toEqual(listed);
    expect(existsSync(join(cwd, "never-made"))).toBe(false);
  });

  it("goes on where a journal is damaged, and says nothing of keys", async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    mkdirSync(join(cwd, ".vecferry"));
    writeFileSync(join(cwd, ".vecferry/journal.sqlite"), "this is no journal");
    await using stub = await startStub(({ path }) =>
      path === "/" ? { body: { title: "qdrant", version: "1.18.2" } } : { status: 403, body: {} },
    );
    const env = { ...secrets, QDRANT_URL: stub.url };
    const { stdout, stderr, status } = await runCli(["doctor", "--target-only"], { cwd, env });
    expect(stdout).toContain("journal-damaged");
    expect(stdout).toContain("key-refused");
    expect(status).toBe(0);
    for (const secret of Object.values(secrets)) expect(stdout + stderr).not.toContain(secret);
    expect(readFileSync(join(cwd, ".vecferry/journal.sqlite"), "utf8")).toBe("this is no journal");
  });
});

describe.each(qdrantKinds)("vecferry doctor of a $name", ({ skip, strict, start }) => {
  const found = strict ? "finds what strict mode forbids" : "finds what it holds";
  it.skipIf(skip)(`only reads, at both ends, and ${found}`, async () => {
    using folder = temporaryFolder();
    const cwd = folder.path;
    await using place = await start();
    const name = place.unique("doctor");
    await place.call("PUT", `/collections/${name}`, {
      vectors: { size: 2, distance: "Cosine" },
      ...(strict && {
        strict_mode_config: { enabled: true, search_allow_exact: false, max_points_count: 3 },
      }),
    });
    await place.call("PUT", `/collections/${name}/points?wait=true`, {
      points: [{ id: 1, vector: [1, 0], payload: { mine: true } }],
    });
    await using chroma = await startStub(
      stubCollections(new Map([[name, stubRecords("r", 20, 2)]])),
    );
    await using target = await startProxy(place.url);
    const args = [
      "doctor",
      chroma.url.replace("http", "chroma"),
      `${target.url}?grpc=off`,
      "--json",
      "--full",
    ];
    const { stdout, status } = await runCli(args, { cwd, env: place.env });
    expect(status).toBe(0);
    const mine = linesOf(stdout).filter(({ collection }) => collection === name);
    const codes = mine.map(({ code }) => code);
    expect(codes).toContain("foreign-points");
    if (strict) expect(codes).toEqual(expect.arrayContaining(["strict-exact", "strict-points"]));
    const asked = [...target.requests, ...chroma.requests].map(
      ({ method, path }) => `${method} ${path.replace(/\?.*/, "")}`,
    );
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter((line) => !reads.test(line))).toEqual([]);
  });
});
