import process from "node:process";
import { Worker, type WorkerOptions } from "node:worker_threads";

/**
 * Starts a thread of this package's, with the flags that this one has, as Node hands them on. They cannot be named again without
 * `--input-type`, which a program given by `-e` has and a thread that begins with a file is refused for: Node refuses a thread for
 * V8's flags by name (`--max-old-space-size`, with which AWS Lambda begins a function). So such a thread begins with no file.
 */
export function startThread(module: URL, options: WorkerOptions): Worker {
  const flags = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(" ")];
  if (!flags.some((flag) => flag.startsWith("--input-type"))) return new Worker(module, options);
  return new Worker(`import(${JSON.stringify(module.href)})`, { ...options, eval: true });
}
