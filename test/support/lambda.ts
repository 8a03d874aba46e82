/**
 * AWS Lambda's interface, stood in for: the Runtime API that AWS documents, served on loopback, and a process under the
 * conditions of a function: no rights but to /tmp, no HOME, no terminal, little memory, stopped between two invocations.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";

export const memoryMb = 512;
/** AWS's user of a function, which no list of users has here: asking for its home folder fails. */
const functionUser = 993;
/** What AWS begins Node with. */
const nodeFlags = [
  "--expose-gc",
  "--max-http-header-size",
  "81920",
  "--max-semi-space-size=24",
  `--max-old-space-size=${Math.floor(memoryMb * 0.9)}`,
];
const version = "/2018-06-01/runtime";

/** What AWS's own runtime for Node does, in short: takes an invocation, calls the handler, sends what it gives. */
const bootstrap = `
import { join } from "node:path";
import { pathToFileURL } from "node:url";
const api = "http://" + process.env.AWS_LAMBDA_RUNTIME_API + "${version}";
const [file, name] = process.env._HANDLER.split(".");
const post = async (path, body, headers = {}) => {
  const answer = await fetch(api + path, { method: "POST", body: JSON.stringify(body), headers });
  if (answer.status !== 202) throw new Error(path + ": " + answer.status);
};
const fault = (error) => ({
  errorType: error?.name ?? "Error",
  errorMessage: String(error?.message ?? error),
  stackTrace: String(error?.stack ?? "").split("\\n"),
});
let handler;
try {
  const at = join(process.env.LAMBDA_TASK_ROOT, file + ".mjs");
  handler = (await import(pathToFileURL(at)))[name];
} catch (error) {
  await post("/init/error", fault(error), { "Lambda-Runtime-Function-Error-Type": "Runtime.Unknown" });
  process.exit(1);
}
for (;;) {
  const next = await fetch(api + "/invocation/next");
  const id = next.headers.get("lambda-runtime-aws-request-id");
  const path = "/invocation/" + id;
  try {
    await post(path + "/response", (await handler(await next.json(), { awsRequestId: id })) ?? null);
  } catch (error) {
    await post(path + "/error", fault(error), { "Lambda-Runtime-Function-Error-Type": "Unhandled" });
  }
}
`;

interface Invocation {
  readonly id: string;
  readonly event: unknown;
  settle(answer: unknown): void;
  reject(error: Error): void;
}

export interface LambdaFunction extends AsyncDisposable {
  /** Calls the handler. @throws Error with what the function sent as its error */
  invoke(event: unknown): Promise<unknown>;
  /** Stops the process where it stands, as Lambda does between two invocations. */
  freeze(): void;
  thaw(): void;
}

/** One environment of a function: `task` has its code, which is made unwritable; `scratch` is a folder that it may write to. */
export async function startLambda(
  task: string,
  scratch: string,
  variables: Readonly<Record<string, string>>,
): Promise<LambdaFunction> {
  const api = await startRuntimeApi();
  const runtimeFile = join(task, "bootstrap.mjs");
  writeFileSync(runtimeFile, bootstrap);
  chmodSync(task, 0o555);
  // Root writes everywhere; anybody else is kept out by the folder's mode.
  const root = process.getuid?.() === 0;
  if (root) chownSync(scratch, functionUser, functionUser);
  const child = spawn(process.execPath, [...nodeFlags, runtimeFile], {
    cwd: task,
    env: {
      ...variables,
      _HANDLER: "index.handler",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      AWS_LAMBDA_FUNCTION_NAME: "smoke",
      AWS_LAMBDA_RUNTIME_API: api.address,
      LAMBDA_TASK_ROOT: task,
      LANG: "en_US.UTF-8",
      PATH: "/usr/bin:/bin",
      TZ: ":UTC",
    },
    stdio: ["ignore", "ignore", "pipe"],
    ...(root ? { uid: functionUser, gid: functionUser } : {}),
  });
  api.watch(child);
  return {
    invoke: api.invoke,
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await api.close();
    },
  };
}

interface RuntimeApi {
  readonly address: string;
  readonly invoke: LambdaFunction["invoke"];
  /** Invocations fail once the process has ended. */
  watch(child: ChildProcess): void;
  close(): Promise<void>;
}

async function startRuntimeApi(): Promise<RuntimeApi> {
  const waiting: Invocation[] = [];
  const taken = new Map<string, Invocation>();
  let asking: ServerResponse | null = null;
  let ended: Error | null = null;
  const fail = (error: Error): void => {
    ended ??= error;
    for (const invocation of [...waiting.splice(0), ...taken.values()]) invocation.reject(error);
  };
  const hand = (): void => {
    const invocation = asking === null ? undefined : waiting.shift();
    if (invocation === undefined) return;
    taken.set(invocation.id, invocation);
    asking?.writeHead(200, {
      "content-type": "application/json",
      "lambda-runtime-aws-request-id": invocation.id,
      "lambda-runtime-deadline-ms": String(Date.now() + 60_000),
      "lambda-runtime-invoked-function-arn": "arn:aws:lambda:eu-central-1:0:function:smoke",
    });
    asking?.end(JSON.stringify(invocation.event));
    asking = null;
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? "").replace(version, "");
    if (request.method === "GET" && path === "/invocation/next") {
      asking = response;
      return hand();
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const [, id, kind] = /^\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    const invocation = taken.get(id ?? "");
    taken.delete(id ?? "");
    response.writeHead(202, { "content-type": "application/json" }).end('{"status":"OK"}');
    if (kind === "response") invocation?.settle(JSON.parse(text));
    else if (kind === "error") invocation?.reject(new Error(text));
    else fail(new Error(`${path}: ${text}`));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    invoke: (event) =>
      new Promise((settle, reject) => {
        if (ended !== null) return reject(ended);
        waiting.push({ id: randomUUID(), event, settle, reject });
        hand();
      }),
    watch(child) {
      let said = "";
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
      child.on("close", (status) => fail(new Error(`The function ended (${status}): ${said}`)));
    },
    close: () =>
      new Promise((settle) => {
        server.close(() => settle());
        server.closeAllConnections();
      }),
  };
}
