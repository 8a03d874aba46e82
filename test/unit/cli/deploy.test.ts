/** `vecferry deploy` as it is typed: what it writes, what it leaves, and that no key is printed. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { runCli as runProgram } from "../../../src/cli/run.ts";
import { keepers, recommend, uses, ways } from "../../../src/deploy/choose.ts";
import { temporaryFolder } from "../../support/cli.ts";

async function deploy(folder: string, args: readonly string[], variables = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const said = Promise.all([text(stdout), text(stderr)]);
  const { signal } = new AbortController();
  const io = { argv: ["deploy", ...args], variables, folder, stdout, stderr, signal };
  const status = await runProgram(io);
  stdout.end();
  stderr.end();
  const [out, err] = await said;
  return { status, out, err };
}

describe("vecferry deploy", () => {
  it("writes over nothing without --force, and is at peace with what it wrote itself", async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "docker-compose.yml");
    writeFileSync(file, "mine\n");
    const refused = await deploy(folder.path, ["compose"]);
    expect(refused).toMatchObject({ status: 2, out: "" });
    expect(refused.err).toContain("docker-compose.yml is there already");
    expect(existsSync(join(folder.path, "compose.yaml"))).toBe(false);

    expect(await deploy(folder.path, ["compose", "--force"])).toMatchObject({ status: 0 });
    expect(readFileSync(file, "utf8")).toBe("mine\n");
    expect(await deploy(folder.path, ["native"])).toMatchObject({ status: 0 });
    expect(await deploy(folder.path, ["native"])).toMatchObject({ status: 0 });
    const other = await deploy(folder.path, ["native", "--host", "0.0.0.0"]);
    expect(other).toMatchObject({ status: 2 });
  });

  it("prints with --stdout and writes nothing", async () => {
    using folder = temporaryFolder();
    const { status, out, err } = await deploy(folder.path, ["compose", "--stdout"]);
    expect(status).toBe(0);
    expect(out).toMatch(
      /^# Qdrant[\s\S]*\nvolumes:\n {2}qdrant_storage:\n {2}qdrant_snapshots:\n$/,
    );
    expect(err).toContain("docker compose up");
    expect(existsSync(join(folder.path, "compose.yaml"))).toBe(false);
  });

  it.each([
    [["compose", "--registry", "$(reboot)"]],
    [["compose", "--name", "A B"]],
    [["compose", "--network", "a b"]],
    [["podman", "--memory", "lots"]],
    [["native", "--allow-from", "everybody"]],
    [["native", "--qdrant-version", "latest"]],
    [["k8s", "--name", "a_b"]],
    [["choose", "--use", "service"]],
    [["nothing"]],
  ])("refuses %j", async (args) => {
    using folder = temporaryFolder();
    expect(await deploy(folder.path, args)).toMatchObject({ status: 2, out: "" });
  });
});

describe("vecferry deploy env", () => {
  it("makes a key of 32 bytes that only its owner reads, once, and never prints it", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, ".env");
    const made = await deploy(folder.path, ["env"], { CHROMA_HOST: "old" });
    expect(made.status).toBe(0);
    expect(made.out).toContain("CHROMA_HOST (environment): QDRANT_HOST in its place");
    const before = readFileSync(path, "utf8");
    const [, key = ""] = /^QDRANT_API_KEY=([\w-]+)$/m.exec(before) ?? [];
    expect(Buffer.from(key, "base64url")).toHaveLength(32);
    if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
    const again = await deploy(folder.path, ["env", "--force"]);
    expect(again.status).toBe(0);
    expect(readFileSync(path, "utf8")).toBe(before);
    expect(made.out + made.err + again.out + again.err).not.toContain(key);
  });

  it("adds it to a file that is there only when told to, and leaves the other lines", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, ".env");
    writeFileSync(path, "CHROMA_API_KEY=old-secret-key\nQDRANT_API_KEY=\n");
    const refused = await deploy(folder.path, ["env"]);
    expect(refused.status).toBe(2);
    expect(refused.out).toContain("CHROMA_API_KEY (.env)");
    expect(refused.out + refused.err).not.toContain("old-secret-key");
    expect(await deploy(folder.path, ["env", "--force"])).toMatchObject({ status: 0 });
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(lines).toEqual([
      "CHROMA_API_KEY=old-secret-key",
      expect.stringMatching(/^QDRANT_API_KEY=.{43}$/),
    ]);
  });
});

describe("recommend", () => {
  it("knows answers for each of the six ways", () => {
    const sizes = [1000, 5_000_000, 500_000_000];
    const found = uses.flatMap((use) =>
      sizes.flatMap((vectors) => keepers.map((keeper) => recommend({ use, vectors, keeper }).way)),
    );
    expect(new Set(found)).toEqual(new Set(ways));
  });
});
