/** The docker that is installed, for one question. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { abortError } from "../util/abort.ts";
import { errorCode } from "../util/error-code.ts";

/** The longest that an answer is waited for. */
const dockerMs = 60_000;

/**
 * Runs docker with its own login, or with none, and gives its exit status; null = none is there that can be run. What it
 * prints goes nowhere.
 * @throws VectorError `E_ABORTED`; what starting it throws
 */
export async function runDocker(
  arguments_: readonly string[],
  login: "own" | "none",
  signal: AbortSignal,
): Promise<number | null> {
  if (login === "own") return await run(arguments_, {}, signal);
  const folder = await mkdtemp(join(tmpdir(), "vecferry-docker-"));
  try {
    return await run(arguments_, { DOCKER_CONFIG: folder }, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(
  arguments_: readonly string[],
  variables: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<number | null> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  const child = spawn("docker", [...arguments_], {
    env: { ...process.env, ...variables },
    stdio: "ignore",
    signal: AbortSignal.any([signal, AbortSignal.timeout(dockerMs)]),
  });
  child.once("error", (error) => {
    if (signal.aborted) reject(abortError(signal));
    // One that gives no answer in time is one that does not get it.
    else if (error.name === "AbortError") resolve(1);
    else if (["ENOENT", "EACCES"].includes(errorCode(error) ?? "")) resolve(null);
    else reject(error);
  });
  child.once("close", (status) => resolve(status ?? 1));
  return await promise;
}
