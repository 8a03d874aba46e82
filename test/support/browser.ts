/** A real browser without a window, by the DevTools protocol: `VECFERRY_BROWSER` names a Chromium. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { z } from "zod";

export const browserPath = process.env["VECFERRY_BROWSER"] ?? null;
export const noBrowser = "VECFERRY_BROWSER names no Chromium";

const startMs = 60_000;
const answerMs = 30_000;

const messageSchema = z.object({
  id: z.number().optional(),
  method: z.string().optional(),
  params: z.record(z.string(), z.unknown()).optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ message: z.string() }).optional(),
});

export interface Page {
  /** Addresses that it has asked for. */
  readonly requests: readonly string[];
  /** What it has written to its console, and errors. */
  readonly complaints: readonly string[];
  goto(url: string): Promise<void>;
  /** The value of an expression, as JSON. */
  evaluate(expression: string): Promise<unknown>;
  media(media: "" | "print", scheme: "light" | "dark"): Promise<void>;
  /** Sets the window's width; the height is that of the page. Gives a PNG. */
  screenshot(width: number): Promise<Buffer>;
}

export interface Browser extends AsyncDisposable {
  page(): Promise<Page>;
}

/** Starts the browser; it has a profile of its own, which goes with it. */
export async function startBrowser(path: string): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), "vecferry-browser-"));
  const child = spawn(
    path,
    [
      ...["--headless=shell", "--no-sandbox", "--disable-gpu", "--no-zygote", "--no-first-run"],
      ...["--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"],
    ],
    { stdio: "ignore" },
  );
  const ended = new Promise<void>((settle) => child.once("exit", () => settle()));
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const port = await portOf(join(profile, "DevToolsActivePort"));
    return { page: () => openPage(port), [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function portOf(file: string): Promise<number> {
  const endMs = performance.now() + startMs;
  while (performance.now() < endMs) {
    const [port = ""] = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
    if (port !== "") return Number(port);
    await setTimeout(50);
  }
  throw new Error(`The browser has not told its port in ${startMs} ms.`);
}

async function openPage(port: number): Promise<Page> {
  const answer = await fetch(`http://127.0.0.1:${port}/json/new?about:blank`, { method: "PUT" });
  const target = z.object({ webSocketDebuggerUrl: z.string() }).parse(await answer.json());
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((settle, reject) => {
    socket.addEventListener("open", settle, { once: true });
    socket.addEventListener("error", () => reject(new Error("no socket")), { once: true });
  });
  const requests: string[] = [];
  const complaints: string[] = [];
  const { call, once } = talk(socket, (method, params) => {
    if (method === "Network.requestWillBeSent") requests.push(urlOf(params));
    if (method === "Log.entryAdded" || method === "Runtime.exceptionThrown")
      complaints.push(JSON.stringify(params));
  });
  for (const domain of ["Page", "Network", "Log", "Runtime"]) await call(`${domain}.enable`);
  return {
    requests,
    complaints,
    async goto(url) {
      const loaded = once("Page.loadEventFired");
      await call("Page.navigate", { url });
      await loaded;
    },
    async evaluate(expression) {
      const found = await call("Runtime.evaluate", {
        expression,
        returnByValue: true,
        awaitPromise: true,
      });
      return z.object({ result: z.object({ value: z.unknown() }) }).parse(found).result.value;
    },
    async media(media, scheme) {
      const features = [{ name: "prefers-color-scheme", value: scheme }];
      await call("Emulation.setEmulatedMedia", { media, features });
    },
    async screenshot(width) {
      const metrics = { width, height: 900, deviceScaleFactor: 1, mobile: false };
      await call("Emulation.setDeviceMetricsOverride", metrics);
      const found = await call("Page.captureScreenshot", {
        format: "png",
        captureBeyondViewport: true,
      });
      return Buffer.from(z.object({ data: z.string() }).parse(found).data, "base64");
    },
  };
}

function urlOf(params: Record<string, unknown>): string {
  return z.object({ request: z.object({ url: z.string() }) }).parse(params).request.url;
}

/** Calls over the socket, each with its answer; what comes unasked goes to `onEvent`. */
function talk(
  socket: WebSocket,
  onEvent: (method: string, params: Record<string, unknown>) => void,
) {
  let last = 0;
  const waiting = new Map<number | string, (message: z.infer<typeof messageSchema>) => void>();
  socket.addEventListener("message", ({ data }) => {
    const message = messageSchema.parse(JSON.parse(String(data)));
    const key = message.id ?? message.method ?? "";
    waiting.get(key)?.(message);
    waiting.delete(key);
    if (message.method !== undefined) onEvent(message.method, message.params ?? {});
  });
  const answerTo = (key: number | string) =>
    Promise.race([
      new Promise<z.infer<typeof messageSchema>>((settle) => waiting.set(key, settle)),
      setTimeout(answerMs, null, { ref: false }).then(() => {
        throw new Error(`The browser did not answer: ${key}.`);
      }),
    ]);
  const call = async (method: string, params: object = {}): Promise<unknown> => {
    last += 1;
    const answer = answerTo(last);
    socket.send(JSON.stringify({ id: last, method, params }));
    const { result, error } = await answer;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  return { call, once: answerTo };
}
