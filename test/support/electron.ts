/**
 * An application of Electron's, and a stand-in for its binary: Node, with what electronjs.org documents of `app` and of
 * `utilityProcess`. It has no Chromium, no sandbox of V8's and no asar archive.
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { scanFunction } from "./scan-app.ts";

/** What is done in each process. `config.folder` is this process's own; `config.url` is a server's. */
const work = `
import process from "node:process";
import { connect } from "vecferry";
${scanFunction}

async function ask(place) {
  const embed = async (texts) => texts.map((text) => [text.length, 1]);
  const connection = await connect({ ...place, embed, model: "lengths", environment: {} });
  const collection = "notes";
  const notes = connection.tenant("acme", { collection });
  await connection.repository.createCollectionOptimized({ name: collection, vectorSize: 2 });
  const before = await notes.count();
  await notes.addDocuments([{ id: "at " + Date.now() + process.pid, content: "on looms" }]);
  const found = await notes.semanticSearch({ query: "on engines", nResults: 9 });
  await connection.close();
  return { before, found: found.length };
}

/** Gives each result to \`say\`: a fault is one too. */
export async function work(config, say) {
  const { node, electron = null } = process.versions;
  say({ what: "versions", node, electron });
  const steps = {
    memory: () => ask({ url: ":memory:" }),
    folder: () => ask({ type: "embedded", path: config.folder }),
    "folder again": () => ask({ type: "embedded", path: config.folder }),
    server: () => ask({ url: config.url }),
    scan: () => scan(config.scan),
  };
  for (const [what, step] of Object.entries(steps)) {
    const { code, message, ...result } = await step().catch((error) => error);
    say({ what, ...(message === undefined ? result : { code, message }) });
  }
}
`;

const main = `
import { join } from "node:path";
import process from "node:process";
import { app, utilityProcess } from "electron";
import { work } from "./work.mjs";

const config = JSON.parse(process.env.SMOKE);
const say = (place) => (result) => console.log(JSON.stringify({ place, ...result }));
await app.whenReady();
await work({ ...config, folder: join(config.folder, "main") }, say("main"));

const child = utilityProcess.fork(join(import.meta.dirname, "child.mjs"), ["one"], { serviceName: "smoke" });
child.on("message", say("utility"));
child.postMessage({ ...config, folder: join(config.folder, "utility") });
child.once("exit", (status) => {
  say("main")({ what: "utility ended", status });
  app.quit();
});
`;

const child = `
import process from "node:process";
import { work } from "./work.mjs";

process.parentPort.once("message", async ({ data }) => {
  await work(data, (result) => process.parentPort.postMessage(result));
  process.exit(0);
});
`;

/** Writes the application; `vecferry` belongs below its node_modules. */
export function writeElectronApp(folder: string): void {
  const about = { name: "smoke", version: "1.0.0", main: "main.mjs" };
  writeFileSync(join(folder, "package.json"), JSON.stringify(about));
  const files = { "main.mjs": main, "child.mjs": child, "work.mjs": work };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

/** The module \`electron\` of the main process. */
const electronModule = `
import { fork } from "node:child_process";
import { EventEmitter } from "node:events";
import process from "node:process";

class App extends EventEmitter {
  whenReady() { return Promise.resolve(); }
  quit() { this.emit("quit"); process.exit(0); }
}
export const app = new App();

class UtilityProcess extends EventEmitter {
  #child;
  constructor(file, args, { env = process.env, execArgv = [], cwd } = {}) {
    super();
    const preload = ["--import", new URL("./utility.mjs", import.meta.url).href];
    const options = { env, cwd, execArgv: [...execArgv, ...preload], serialization: "advanced" };
    this.#child = fork(file, args, { ...options, stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child.on("spawn", () => this.emit("spawn"));
    this.#child.on("message", (message) => this.emit("message", message));
    this.#child.on("exit", (status) => this.emit("exit", status ?? 1));
  }
  get pid() { return this.#child.pid; }
  postMessage(message) { this.#child.send(message); }
  kill() { return this.#child.kill(); }
}
export const utilityProcess = {
  fork: (file, args = [], options = {}) => new UtilityProcess(file, args, options),
};
`;

const files = {
  "electron.mjs": electronModule,
  // Node has no such module; Electron's own loader gives it.
  "main.mjs": `
import { registerHooks } from "node:module";
const url = new URL("./electron.mjs", import.meta.url).href;
registerHooks({
  resolve: (name, context, next) =>
    name === "electron" ? { url, shortCircuit: true } : next(name, context),
});
`,
  "utility.mjs": `
import { EventEmitter } from "node:events";
import process from "node:process";
const port = new EventEmitter();
port.postMessage = (message) => process.send(message);
process.on("message", (data) => port.emit("message", { data, ports: [] }));
process.parentPort = port;
`,
  // The last word is the application's folder, as Electron takes it; what Chromium would read goes by.
  "binary.mjs": `
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
const folder = process.argv.at(-1);
const { main } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
const preload = new URL("./main.mjs", import.meta.url).href;
const args = ["--import", preload, join(folder, main)];
process.exit(spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1);
`,
};

/** Writes the stand-in into the folder; gives the path that stands for Electron's binary. */
export function writeStandIn(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const program = join(folder, "electron");
  const binary = pathToFileURL(join(folder, "binary.mjs")).pathname;
  writeFileSync(program, `#!/bin/sh\nexec ${JSON.stringify(process.execPath)} ${binary} "$@"\n`);
  chmodSync(program, 0o755);
  return program;
}
