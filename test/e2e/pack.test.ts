/** What a user gets: the packed tarball, installed into an empty project by npm, and run there. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectRoot, readProjectFile } from "../support/files.ts";
import { bytesBelow } from "../support/packed.ts";

const packagesMax = 25;
const bytesMax = 20_000_000;
/** npm's codes for a registry that cannot be reached. */
const unreachable = new Set(
  "EAI_AGAIN ECONNREFUSED ECONNRESET ENETUNREACH ENOTCACHED ENOTFOUND ERR_SOCKET_TIMEOUT ETIMEDOUT".split(
    " ",
  ),
);

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; children find the Node that runs this test first on their path. */
function run(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  const environment = { ...process.env };
  // Not what `npm test` sets for its own scripts: those would point the inner npm at this project.
  for (const name of Object.keys(environment)) {
    if (/^npm_(config_local_prefix|package_|lifecycle_|command$)/i.test(name))
      delete environment[name];
  }
  const path = `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}`;
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      {
        cwd,
        env: { ...environment, PATH: path, NO_COLOR: "1" },
        shell: process.platform === "win32",
        timeout: 180_000,
        maxBuffer: 1 << 26,
      },
      (error, stdout, stderr) => {
        const status = typeof error?.code === "number" ? error.code : error === null ? 0 : -1;
        resolve({ status, stdout, stderr });
      },
    );
  });
}

interface Installed {
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
}

/** Every package below a node_modules folder, nested ones too. */
async function installedPackages(folder: string): Promise<Installed[]> {
  const lock = JSON.parse(await readFile(join(folder, ".package-lock.json"), "utf8"));
  return Promise.all(
    Object.keys(lock.packages).map(async (key) => {
      const path = join(folder, "..", key);
      const {
        name,
        version,
        scripts = {},
      } = JSON.parse(await readFile(join(path, "package.json"), "utf8"));
      return { path, name, version, scripts };
    }),
  );
}

describe("the packed tarball", () => {
  let folder = "";
  let packed: { filename: string; files: { path: string }[] } = { filename: "", files: [] };
  /** Why the tests of the installation cannot run; null = they can. */
  let skipReason: string | null = null;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "vecferry-pack-"));
    const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
    const { status, stdout, stderr } = await run("npm", pack, projectRoot);
    expect(status, stderr).toBe(0);
    // npm 11 answers a list, npm 12 an object by name.
    packed = Object.values<typeof packed>(JSON.parse(stdout))[0] ?? packed;
    await writeFile(join(folder, "package.json"), '{ "name": "user", "private": true }');
    const quick = "--fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=2000";
    const options = `--json --prefer-offline --no-audit --no-fund ${quick}`.split(" ");
    const install = await run("npm", ["install", ...options, `./${packed.filename}`], folder);
    if (install.status === 0) return;
    const code: unknown = JSON.parse(install.stdout || "{}").error?.code;
    if (typeof code !== "string" || !unreachable.has(code)) expect.fail(install.stderr);
    skipReason = `the npm registry cannot be reached: ${code}`;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("holds what is built, and no source, test or fixture", () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(["dist/index.js", "dist/index.d.ts", "dist/cli/main.js"]),
    );
    expect(paths).toEqual(expect.arrayContaining(["LICENSE", "README.md", "CHANGELOG.md"]));
    const other = paths.filter(
      (path) => !/^dist\/[a-z0-9/-]+(\.d\.ts|\.js|\.sql|\.wasm)$/.test(path),
    );
    expect(other.sort()).toEqual(
      ["CHANGELOG.md", "LICENSE", "README.md", "docs/report.schema.json", "package.json"].sort(),
    );
  });

  it(`installs ${packagesMax} packages and ${bytesMax / 1e6} MB at most, and none with an install script`, async (context) => {
    if (skipReason !== null) return context.skip(skipReason);
    const modules = join(folder, "node_modules");
    const packages = await installedPackages(modules);
    expect(packages.map(({ name }) => name)).toContain("vecferry");
    expect(packages.length).toBeLessThanOrEqual(packagesMax);
    expect(bytesBelow(modules)).toBeLessThanOrEqual(bytesMax);
    for (const { name, path, scripts } of packages) {
      const hooks = ["preinstall", "install", "postinstall"].filter((hook) => hook in scripts);
      expect(hooks, name).toEqual([]);
      // npm compiles a package that has this file, even without a script.
      expect(await readdir(path), name).not.toContain("binding.gyp");
    }
  });

  it("runs as a command", async (context) => {
    if (skipReason !== null) return context.skip(skipReason);
    const { version }: { version: string } = JSON.parse(readProjectFile("package.json"));
    const ended = await run("npx", ["--no-install", "vecferry", "--version"], folder);
    expect(ended.stdout.trim(), ended.stderr).toBe(version);
    expect(ended.status).toBe(0);
  });

  it.for(["vecferry", "vecferry/testing"])("is imported as %s", async (name, context) => {
    if (skipReason !== null) return context.skip(skipReason);
    const script = join(folder, "use.mjs");
    await writeFile(script, `console.log(Object.keys(await import("${name}")).length);`);
    const ended = await run(process.execPath, [script], folder);
    expect(ended.stderr).toBe("");
    expect(Number(ended.stdout)).toBeGreaterThan(0);
  });

  it("names the client to install where openEmbedded finds none", async (context) => {
    if (skipReason !== null) return context.skip(skipReason);
    const script = join(folder, "embedded.mjs");
    const text =
      'import { openEmbedded } from "vecferry"; await openEmbedded(":memory:").catch(({ code, next }) => console.log(code, next));';
    await writeFile(script, text);
    const ended = await run(process.execPath, [script], folder);
    expect(ended.stdout, ended.stderr).toBe(
      "E_CONFIG Install it: npm install @qdrant/js-client-rest (1.17 or newer).\n",
    );
  });

  it("names LangChain.js to install where a tenant's store of it is wanted and there is none", async (context) => {
    if (skipReason !== null) return context.skip(skipReason);
    const script = join(folder, "langchain.mjs");
    const text = `
      import { connect } from "vecferry";
      const connection = await connect({ url: ":memory:", embed: async () => [] });
      const service = connection.tenant("acme", { collection: "notes" });
      await service.asLangChainVectorStore().catch(({ code, next }) => console.log(code, next));
      await connection.close();`;
    await writeFile(script, text);
    const ended = await run(process.execPath, [script], folder);
    expect(ended.stdout, ended.stderr).toBe(
      "E_CONFIG Install it: npm install @langchain/core (1.0 or newer).\n",
    );
  });

  it("gives the report's schema", async (context) => {
    if (skipReason !== null) return context.skip(skipReason);
    const script = join(folder, "schema.mjs");
    const text =
      'import schema from "vecferry/report.schema.json" with { type: "json" }; console.log(schema.type);';
    await writeFile(script, text);
    const ended = await run(process.execPath, [script], folder);
    expect(ended.stdout.trim(), ended.stderr).toBe("object");
  });
});
