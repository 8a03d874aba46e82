/** Qdrant's own engine as a judge: `qdrant-edge-py` in a Python child that answers JSON lines. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseLossless } from "../../../src/util/json.ts";
import type { Answer } from "./agree.ts";
import type { Judge } from "./judges.ts";

/** Starts the child with `python`, which has qdrant-edge-py. Its shards are in memory where the system has a place for that. */
export async function edgeJudge(python: string): Promise<Judge> {
  const memory = "/dev/shm";
  const folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), "vecferry-edge-"));
  const script = join(import.meta.dirname, "edge_judge.py");
  const child = spawn(python, [script, folder], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    name: "qdrant-edge",
    async ask({ method, path, body }) {
      child.stdin.write(`{"method":"${method}","path":${JSON.stringify(path)},"body":${body}}\n`);
      const line = await lines.next();
      if (line.done) throw new Error(`The judge ended at ${method} ${path} ${body}`);
      const told = parseLossless(line.value) as { status: bigint; result: Answer["result"] };
      return { status: Number(told.status), result: told.result };
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
