/** Servers in processes of their own, and what they take of the processor and of memory. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const bare = fileURLToPath(new URL("bare-server.ts", import.meta.url));

export interface Served extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

/** `vecferry serve` on a folder, as it is built. */
export function served(folder: string): Promise<Served> {
  return started([command, "serve", folder, "--port", "0", "--grpc-port", "off"]);
}

/** A server that answers everything at once, with the same bytes. */
export function servedAtOnce(answer: Buffer): Promise<Served> {
  return started([bare, answer.toString("base64")]);
}

async function started(words: readonly string[]): Promise<Served> {
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  const url = await urlOf(child);
  return {
    url,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      child.kill();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

/** The address that the child says it answers at; what it says later is read too, and left. */
function urlOf(child: ChildProcess): Promise<string> {
  let said = "";
  return new Promise((settle, reject) => {
    child.once("exit", () => reject(new Error(`The server has ended: ${said}`)));
    child.stdout?.setEncoding("utf8").on("data", (piece: string) => {
      said += piece;
      const url = /http:\/\/[\d.]+:\d+/.exec(said)?.[0];
      if (url !== undefined) settle(url);
    });
  });
}

/** Microseconds of processor that all threads of a process have had, null where the system does not tell. */
export function processorOf(pid: number): number | null {
  try {
    const threads = `/proc/${pid}/task`;
    const taken = readdirSync(threads).map((thread) =>
      Number(readFileSync(`${threads}/${thread}/schedstat`, "utf8").split(" ")[0]),
    );
    return taken.reduce((sum, ns) => sum + ns, 0) / 1_000;
  } catch {
    return null;
  }
}

/** What a process holds of memory, in MB; NaN where the system does not tell. */
export function rssOf(pid: number): number {
  try {
    const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kb) / 1_024;
  } catch {
    return Number.NaN;
  }
}
