import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli, temporaryFolder, unpackChroma } from "../support/cli.ts";
import { readProjectFile } from "../support/files.ts";
import { startStub } from "../support/stub.ts";

const verbs = ["migrate", "verify", "repair", "status", "cancel", "serve"];
const { version }: { version: string } = JSON.parse(readProjectFile("package.json"));

describe("the command", () => {
  it("prints its version", async () => {
    using folder = temporaryFolder();
    expect(await runCli(["--version"], { cwd: folder.path })).toEqual({
      status: 0,
      stdout: `${version}\n`,
      stderr: "",
    });
  });

  it("lists its verbs in its help", async () => {
    using folder = temporaryFolder();
    const { status, stdout } = await runCli(["--help"], { cwd: folder.path });
    expect(status).toBe(0);
    for (const verb of verbs) expect(stdout).toMatch(new RegExp(`^  ${verb} `, "m"));
  });

  it.each(verbs)("explains %s with its flags and exit codes, and writes nothing", async (verb) => {
    using folder = temporaryFolder();
    const { status, stdout, stderr } = await runCli([verb, "--help"], { cwd: folder.path });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("--json");
    expect(stdout).toMatch(/Exit codes:\n {2}0 +done/);
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

describe("a usage error", () => {
  it.each<[string, string[], string]>([
    ["no command", [], "No command is given"],
    ["an unknown command", ["migrat"], "'migrat'"],
    ["an unknown flag", ["migrate", "--qdrant-hst", "x"], "Did you mean --qdrant-host?"],
    ["a flag without its value", ["migrate", "--qdrant-host"], "argument missing"],
    ["too many addresses", ["migrate", "a", "b", "c"], "Too many arguments"],
    ["serve without a folder", ["serve"], "Missing required argument"],
    ["serve of a server", ["serve", "http://h:6333"], "takes a folder"],
    [
      "an address in a list of names",
      ["migrate", "--chromadb-collections", "a", "./data"],
      '"./data" is an address',
    ],
    ["a flag that goes with another alone", ["verify", "--overwrite"], "--fix-missing"],
    [
      "two flags that exclude each other",
      ["verify", "--target-only", "--fix-missing"],
      "--target-only",
    ],
    ["an address and a host", ["migrate", "./x", "--chromadb-host", "h"], "--chromadb-host"],
    ["a wrong number", ["migrate", "--batch-size", "many"], "--batch-size must be a whole number"],
    ["a report that is not .json", ["migrate", "--report-file", "r.txt"], "must end in .json"],
    ["a report in no folder", ["migrate", "--report-file", "no/r.json"], "is not there"],
    ["an unknown address", ["migrate", "localhost:8000", "embedded:q"], "chroma://localhost:8000"],
    ["a store that cannot be the target", ["migrate", "./x", "./y"], "embedded:./path"],
    ["a where that is not Chroma's", ["migrate", "--where", '{"$or": 1}'], "--where"],
    ["a mapping that is not there", ["migrate", "--tenant-mapping", "m.json"], "--tenant-mapping"],
  ])("of %s exits 2, opens nothing, and says what to do", async (_, args, words) => {
    using folder = temporaryFolder();
    const { status, stdout, stderr } = await runCli(args, { cwd: folder.path });
    expect(stderr).toContain(words);
    expect(stderr).toContain("What to do:");
    expect(stderr).toContain("To go on:");
    expect(stdout).toBe("");
    expect(status).toBe(2);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("is a JSON line on stdout with --json", async () => {
    using folder = temporaryFolder();
    const args = ["migrate", "--limit", "0", "--json"];
    const { status, stdout, stderr } = await runCli(args, { cwd: folder.path });
    expect(JSON.parse(stdout)).toMatchObject({
      format: 1,
      type: "error",
      code: "E_CONFIG",
      exit: 2,
    });
    expect(stderr).toContain("--limit must be");
    expect(status).toBe(2);
  });
});

describe("what cannot be opened", () => {
  it("a folder without a Chroma exits 2", async () => {
    using folder = temporaryFolder();
    const { status, stderr } = await runCli(["migrate", ".", "embedded:q"], { cwd: folder.path });
    expect(stderr).toContain("E_NO_FOLDER");
    expect(status).toBe(2);
  });

  it("a host that nobody answers at exits 5", async () => {
    using folder = temporaryFolder();
    const args = ["migrate", "--chromadb-host", "127.0.0.1", "--chromadb-port", "9"];
    const { status, stderr } = await runCli(args, { cwd: folder.path });
    expect(stderr).toContain("E_UNREACHABLE");
    expect(status).toBe(5);
  });

  it("a web page where a Chroma should be exits 2", async () => {
    using folder = temporaryFolder();
    await using web = await startStub(() => ({ status: 200, body: "<html>Welcome</html>" }));
    const source = web.url.replace("http:", "chroma:");
    const { status, stderr } = await runCli(["migrate", source, ":memory:"], { cwd: folder.path });
    expect(stderr).toContain("E_NOT_CHROMA");
    expect(status).toBe(2);
  });

  it("an embedded Qdrant is never opened in a Chroma's folder", async () => {
    using folder = temporaryFolder();
    const chroma = unpackChroma("1.5.9", folder.path);
    const before = readdirSync(chroma);
    for (const args of [
      ["migrate", ".", "embedded:."],
      ["serve", "."],
    ]) {
      const { status, stderr } = await runCli([...args], { cwd: chroma });
      expect(stderr).toContain("holds a Chroma");
      expect(status).toBe(2);
    }
    const made = readdirSync(chroma).filter((name) => !name.endsWith(".log"));
    expect(made).toEqual(before);
  });
});

describe("a key", () => {
  const key = "s3cr3t-key-0123456789";
  const basic = Buffer.from(`me:${key}`).toString("base64");

  it.each<[string, string[]]>([
    ["a wrong flag", ["migrate", "--qdrant-api-key", key, "--nonsense"]],
    ["a wrong value", ["migrate", "--qdrant-api-key", key, "--limit", "x"]],
    ["a key in the address", ["migrate", "./x", `http://user:${key}@h:6333`]],
    ["a bare key in QDRANT_URL's place", ["migrate", "./x", "--qdrant-url", `https://${key}@h`]],
    ["a key in the host", ["migrate", "./x", "--qdrant-host", `me:${key}@h`]],
    ["a key in an address among names", ["migrate", "--chromadb-collections", `http://u:${key}@h`]],
    ["a key as a parameter", ["migrate", "./x", `http://h:6333?api_key=${key}`]],
    ["a header that is none", ["migrate", "--chromadb-header", key]],
    ["two ways at once", ["migrate", "--qdrant-api-key", key, "--qdrant-api-key-file", "f"]],
    ["a server that sends it back", ["migrate", "STUB", ":memory:", "--chromadb-token", key]],
    [
      "basic authentication",
      ["migrate", "STUB", ":memory:", "--chromadb-user=me", `--chromadb-password=${key}`],
    ],
    ["a further header", ["migrate", "STUB", ":memory:", "--chromadb-header", `X-Key: ${key}`]],
    ["a Qdrant that sends it back", ["cancel", "STUB", "--qdrant-api-key", key]],
    [
      "a Qdrant to be verified",
      ["verify", "--target-only", "STUB", "--qdrant-api-key", key, "--json"],
    ],
    ["serve", ["serve", "--api-key", key]],
  ])("is not printed, nor logged, nor kept, with %s", async (_, args) => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "f"), key);
    await using stub = await startStub(({ headers }) => ({
      status: 403,
      body: {
        error: "AuthError",
        message: `No: ${JSON.stringify(headers)}`,
        status: { error: `No: ${JSON.stringify(headers)}` },
      },
    }));
    const scheme = args[0] === "migrate" ? "chroma:" : "http:";
    const given = args.map((word) => (word === "STUB" ? stub.url.replace("http:", scheme) : word));
    const { status, stdout, stderr } = await runCli(given, { cwd: folder.path });
    expect(status).toBe(2);
    if (args.includes("STUB")) expect(stub.requests.length).toBeGreaterThan(0);
    const said = [stdout, stderr, ...filesBelow(folder.path).filter(([name]) => name !== "f")];
    expect(said.join("\n")).not.toContain(key);
    expect(said.join("\n")).not.toContain(basic);
  });
});

function filesBelow(folder: string): [name: string, text: string][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), "latin1")]);
}

describe("variables", () => {
  it("come from .env where the environment has none, and a flag goes before both", async () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, "x"));
    writeFileSync(join(folder.path, ".env"), "CHROMA_HOST=from..file\nCHROMA_PORT=9\n");
    const said = async (args: string[], env: Record<string, string>): Promise<string> =>
      (await runCli(["migrate", ...args], { cwd: folder.path, env })).stderr;
    expect(await said([], { CHROMA_HOST: "" })).toContain("from..file:9");
    expect(await said([], { CHROMA_HOST: "127.0.0.1" })).toContain("127.0.0.1:9");
    expect(await said(["--chromadb-port", "10"], { CHROMA_HOST: "127.0.0.1" })).toContain(
      "127.0.0.1:10",
    );
  });
});
