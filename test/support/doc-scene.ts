/**
 * A place in which what a page says is done: a folder with a Chroma's folder in it, servers where the page has addresses, and
 * `vecferry` as built. Addresses are rewritten to the servers of the scene before anything is run; nothing else is.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { startServer, type TestServer } from "../../src/testing/server.ts";
import { addRecords, makeCollection, send } from "./chroma-fill.ts";
import { type ChromaServer, startChroma } from "./chroma-server.ts";
import { mainFile, temporaryFolder } from "./cli.ts";
import { type CloudScene, cloudKey, cloudRecords, cloudScene } from "./cloud-scene.ts";
import { stepsOf } from "./doc-steps.ts";
import { projectRoot } from "./files.ts";
import { makeFolder } from "./make-folder.ts";

const run = promisify(execFile);

/** The package's modules as `npm run build` makes them. */
const own: Readonly<Record<string, string>> = {
  vecferry: "dist/index.js",
  "vecferry/testing": "dist/testing/index.js",
};

export interface Done {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What answers at one of the page's addresses. */
interface Answering {
  readonly url: string;
  close(): Promise<void>;
}

const main = "localhost:6333";

export class DocScene implements AsyncDisposable {
  readonly #folder = temporaryFolder();
  readonly #servers = new Map<string, Answering>();
  #chroma: ChromaServer | null = null;
  #cloud: CloudScene | null = null;
  /** `vecferry serve` of a page, which goes on while the page asks it. */
  #serving: ChildProcess | null = null;
  /** Variables that the page has set. */
  #variables = "";

  /** With a Chroma server where the page names one, and with what it names in Chroma Cloud. */
  static async open(markdown: string, chroma: "filled" | "empty" = "filled"): Promise<DocScene> {
    const scene = new DocScene();
    scene.#furnish();
    if (needsChroma(markdown)) await scene.#startChroma(markdown, chroma);
    return scene;
  }

  get path(): string {
    return this.#folder.path;
  }

  in(name: string): string {
    return join(this.path, name);
  }

  #furnish(): void {
    const bin = this.in("bin");
    mkdirSync(bin);
    const command = `exec "${process.execPath}" "${mainFile}" "$@"\n`;
    writeFileSync(join(bin, "vecferry"), `#!/bin/sh\n${command}`);
    writeFileSync(
      join(bin, "npx"),
      `#!/bin/sh\n[ "$1" = vecferry ] || exit 127\nshift\n${command}`,
    );
    for (const name of ["vecferry", "npx"]) chmodSync(join(bin, name), 0o755);
    symlinkSync(join(projectRoot, "node_modules"), this.in("node_modules"));
    for (const name of ["chroma_data", "chroma"]) unpack(this.in(name));
    makeFolder(this.in("docs_data"), {
      records: 20,
      dimension: 4,
      name: "docs",
      documentLength: 9,
    });
    mkdirSync(this.in("my-app"));
    writeFileSync(this.in("my-app/package.json"), '{ "dependencies": { "chromadb": "3.0.0" } }\n');
  }

  async #startChroma(markdown: string, chroma: "filled" | "empty"): Promise<void> {
    const path = this.in("chroma_server");
    if (chroma === "filled") unpack(path);
    else mkdirSync(path);
    this.#chroma = await startChroma({ path });
    if (markdown.includes("acme/prod")) await fillAcme(this.#chroma);
    if (markdown.includes("chroma-cloud://"))
      this.#cloud = await cloudScene(this.#chroma, cloudRecords(320));
  }

  /** From here on nothing stands at `localhost:6333`. */
  async empty(): Promise<void> {
    await this.#servers.get(main)?.close();
    this.#servers.delete(main);
  }

  /** Types a statement into a shell. */
  async type(text: string): Promise<Done> {
    if (/^(export )?[A-Z_]+=\S*$/.test(text)) {
      this.#variables += `${await this.#rewritten(text)}\n`;
      return { status: 0, stdout: "", stderr: "" };
    }
    if (/^(npx )?vecferry (serve|ui)\b/.test(text)) return await this.#serve(text);
    const script = this.#variables + (await this.#rewritten(text));
    return await this.run("sh", ["-c", script]);
  }

  /** Puts a file into the folder. */
  keep(name: string, text: string): void {
    writeFileSync(this.in(name), text);
  }

  /** Keeps a block of code as a file, and runs a command, which names it. */
  async runCode(command: readonly string[], file: string, code: string): Promise<Done> {
    const resolved = code.replaceAll(/from "(vecferry(?:\/\w+)?)"/g, (_, name: string) => {
      const url = pathToFileURL(join(projectRoot, own[name] ?? ""));
      return `from ${JSON.stringify(url)}`;
    });
    writeFileSync(this.in(file), await this.#rewritten(resolved));
    const [program = "", ...words] = command;
    return await this.run(program, words, { QDRANT_URL: (await this.#qdrant(main)).url });
  }

  async run(program: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Done> {
    const env = { ...this.#environment(), ...more };
    try {
      const options = { cwd: this.path, env, maxBuffer: 2 ** 26 };
      const { stdout, stderr } = await run(program, args, options);
      return { status: 0, stdout, stderr };
    } catch (error) {
      if (typeof error !== "object" || error === null || !("stdout" in error)) throw error;
      const { code, stdout, stderr } = error as { code?: number } & Done;
      return { status: code ?? null, stdout, stderr };
    }
  }

  #environment(): NodeJS.ProcessEnv {
    const clean = Object.entries(process.env).filter(
      ([name]) => !/^(CHROMA|QDRANT|SOURCE|VECTOR|VECFERRY)_/.test(name),
    );
    const key = this.#cloud === null ? {} : { CHROMA_API_KEY: cloudKey };
    const path = `${this.in("bin")}:${process.env["PATH"]}`;
    return { ...Object.fromEntries(clean), ...key, PATH: path, NO_COLOR: "1" };
  }

  async #serve(text: string): Promise<Done> {
    await this.#stopServing();
    const args = text.replace(/^(npx )?vecferry /, "").split(" ");
    const child = spawn(process.execPath, [mainFile, ...args, "--port", "0"], {
      cwd: this.path,
      env: this.#environment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (more: string) => {
      stderr += more;
    });
    const url = await new Promise<string | null>((resolve) => {
      child.stdout.setEncoding("utf8").on("data", (more: string) => {
        said += more;
        const [found] = /http:\/\/127\.0\.0\.1:\d+(?=[\s.,/])/.exec(said) ?? [];
        if (found !== undefined) resolve(found);
      });
      child.once("exit", () => resolve(null));
    });
    if (url === null) return { status: child.exitCode, stdout: said, stderr };
    this.#serving = child;
    if (args[0] === "ui") return await this.#stopServing();
    this.#servers.set("127.0.0.1:6333", { url, close: async () => {} });
    return { status: 0, stdout: said, stderr };
  }

  /** Ends what `serve` began, as Ctrl-C does. */
  async #stopServing(): Promise<Done> {
    const child = this.#serving;
    this.#serving = null;
    this.#servers.delete("127.0.0.1:6333");
    if (child === null) return { status: 0, stdout: "", stderr: "" };
    const ended = new Promise<number | null>((resolve) => {
      child.once("exit", (code) => resolve(code));
    });
    child.kill("SIGTERM");
    return { status: await ended, stdout: "", stderr: "" };
  }

  /** The text with the scene's own addresses; what it names first is started for it. */
  async #rewritten(text: string): Promise<string> {
    // What was served is asked at 127.0.0.1; whatever comes after has the folder for itself again.
    if (!text.includes("127.0.0.1")) await this.#stopServing();
    let result = text;
    for (const [all, host = ""] of text.matchAll(/https?:\/\/([\w.-]+:6333)\b/g)) {
      result = result.replace(all, (await this.#qdrant(host)).url);
    }
    for (const place of ["--qdrant-port 6333", "/dev/tcp/127.0.0.1/6333"]) {
      if (!result.includes(place)) continue;
      const { port } = new URL((await this.#qdrant(main)).url);
      result = result.replace(place, place.replace("6333", port));
    }
    if (this.#chroma !== null) {
      const { host, port } = new URL(this.#chroma.url);
      result = result.replace("CHROMA_PORT=8000", `CHROMA_PORT=${port}`);
      result = result.replaceAll(/chroma:\/\/[\w-]+:8000/g, `chroma://${host}`);
    }
    if (this.#cloud !== null) {
      const at = `chroma-cloud://?host=${this.#cloud.cloud.url}`;
      result = result.replaceAll(/chroma-cloud:\/\/(TENANT\/DATABASE)?/g, at);
    }
    return result;
  }

  /** The server of an address; `localhost` and `127.0.0.1` are one, unless `vecferry serve` has the latter. */
  async #qdrant(host: string): Promise<Answering> {
    const known = this.#servers.get(host);
    if (known !== undefined) return known;
    const name = host.startsWith("127.0.0.1") ? main : host;
    const standing = this.#servers.get(name);
    if (standing !== undefined) return standing;
    const server: TestServer = await startServer();
    this.#servers.set(name, server);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stopServing();
    await this.#cloud?.[Symbol.asyncDispose]();
    await this.#chroma?.[Symbol.asyncDispose]();
    for (const server of this.#servers.values()) await server.close();
    this.#folder[Symbol.dispose]();
  }
}

function unpack(path: string): void {
  mkdirSync(path);
  const archive = join(projectRoot, "test/fixtures/two-tenants.tar.gz");
  execFileSync("tar", ["-xzf", archive, "-C", path]);
}

/** The tenant and the database that pages name: `acme/prod`. */
async function fillAcme(server: ChromaServer): Promise<void> {
  await send(`${server.url}/api/v2/tenants`, "POST", '{"name":"acme"}');
  await send(`${server.url}/api/v2/tenants/acme/databases`, "POST", '{"name":"prod"}');
  const place = { tenant: "acme", database: "prod" };
  const key = await makeCollection(server, place, "kept", { "hnsw:space": "cosine" });
  await addRecords(server, place, key, cloudRecords(3));
}

/** Whether a page names a Chroma server or Chroma Cloud. */
export function needsChroma(markdown: string): boolean {
  return /chromas?:\/\/|chroma-cloud:\/\//.test(typedText(markdown));
}

/** What is typed on a page, and its code. */
function typedText(markdown: string): string {
  return stepsOf(markdown)
    .map((step) => (step.kind === "typed" ? step.text : step.code))
    .join("\n");
}
