import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../../src/engine/index.ts";
import { createServer, type Listening, listen } from "../../../src/server/index.ts";

let engine: Engine;
let server: Listening;
beforeEach(async () => {
  engine = await openEngine(":memory:");
  server = await listen(createServer(engine), { port: 0 });
});
afterEach(async () => {
  await server.close();
  await engine.close();
});

/** A connection that has sent `text`. */
async function sent(text: string): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(text);
  return socket;
}

function head(path: string, ...headers: string[]): string {
  return [`PUT ${path} HTTP/1.1`, `host: 127.0.0.1:${server.port}`, ...headers, "", ""].join(
    "\r\n",
  );
}

async function answerOf(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}

async function collections(): Promise<unknown> {
  return (await fetch(`${server.url}/collections`)).json();
}

const config = '{"vectors":{"size":2,"distance":"Dot"}}';

describe("a body", () => {
  it("that is cut short changes nothing and harms nobody", async () => {
    const socket = await sent(head("/collections/c", "content-length: 1000") + config);
    socket.destroy();
    expect(await collections()).toMatchObject({ result: { collections: [] } });
  });

  it("that comes slowly keeps nobody else waiting", async () => {
    const socket = await sent(
      head("/collections/c", `content-length: ${config.length}`, "connection: close"),
    );
    socket.write(config.slice(0, 10));
    expect(await collections()).toMatchObject({ result: { collections: [] } });
    socket.write(config.slice(10));
    expect(await answerOf(socket)).toContain('"result":true');
    expect(await collections()).toMatchObject({ result: { collections: [{ name: "c" }] } });
  });

  it("takes room as it comes, and not as it is announced", async () => {
    const before = process.memoryUsage().arrayBuffers;
    const announced = head("/collections/c", `content-length: ${32 * 1024 * 1024}`);
    const sockets = await Promise.all(Array.from({ length: 50 }, () => sent(`${announced}{`)));
    expect(await collections()).toMatchObject({ result: { collections: [] } });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * 1024 * 1024);
    for (const socket of sockets) socket.destroy();
  });

  it("of unknown length is refused with 400 once it is over 32 MiB", async () => {
    const socket = await sent(head("/collections/c", "transfer-encoding: chunked"));
    const answered = once(socket, "data");
    socket.on("error", () => {});
    const chunk = `${(1024 * 1024).toString(16)}\r\n${" ".repeat(1024 * 1024)}\r\n`;
    for (let sentMiB = 0; sentMiB < 34; sentMiB += 1) socket.write(chunk);
    const [answer] = await answered;
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
    expect(String(answer)).toContain("JSON payload has exceeded limit (33554432 bytes).");
    socket.destroy();
  });

  it("in pieces is put together again", async () => {
    const socket = await sent(
      head("/collections/c", "transfer-encoding: chunked", "connection: close"),
    );
    for (const piece of [config.slice(0, 5), config.slice(5)])
      socket.write(`${piece.length.toString(16)}\r\n${piece}\r\n`);
    socket.write("0\r\n\r\n");
    expect(await answerOf(socket)).toContain('"result":true');
  });
});

describe("a parameter", () => {
  it("that is given twice is refused, as Qdrant does", async () => {
    const answer = await fetch(`${server.url}/collections/c/points/count?timeout=5&timeout=6`, {
      method: "POST",
      body: "{}",
    });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(
      "Deserialize error in query parameters: duplicate field `timeout`",
    );
  });
});

describe("an answer", () => {
  it("that is long comes whole, and says how long it is", async () => {
    const put = (path: string, body: string) =>
      fetch(server.url + path, {
        method: "PUT",
        body,
        headers: { "content-type": "application/json" },
      });
    await put("/collections/c", config);
    const text = "é".repeat(200_000);
    const points = [{ id: 1, vector: [1, 2], payload: { text } }];
    await put("/collections/c/points?wait=true", JSON.stringify({ points }));
    const answer = await fetch(`${server.url}/collections/c/points/1`);
    const body = await answer.text();
    expect(answer.headers.get("content-length")).toBe(String(Buffer.byteLength(body)));
    expect(JSON.parse(body)).toMatchObject({ result: { payload: { text } }, status: "ok" });
  });
});

describe("a connection", () => {
  it("is kept for longer than a program is busy that asks itself", async () => {
    const answer = await fetch(`${server.url}/healthz`);
    expect(answer.headers.get("keep-alive")).toBe("timeout=65");
    const busyUntilMs = Date.now() + 6500;
    while (Date.now() < busyUntilMs);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  }, 30_000);
});

describe("what is no HTTP", () => {
  it.each(["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"])(
    "%j is refused",
    async (text) => {
      expect(await answerOf(await sent(text))).toMatch(/^(?:HTTP\/1\.1 400 |$)/);
      expect(await collections()).toMatchObject({ status: "ok" });
    },
  );

  it("hundreds of connections that say nothing leave room for those who ask", async () => {
    const silent = await Promise.all(Array.from({ length: 300 }, () => sent("")));
    expect(await collections()).toMatchObject({ status: "ok" });
    for (const socket of silent) socket.destroy();
  });
});

describe("a request that names no host", () => {
  const ask = async (line: string, ...headers: string[]): Promise<string> => {
    const answer = await answerOf(await sent([line, ...headers, "", ""].join("\r\n")));
    return answer.split("\r\n")[0] ?? "";
  };

  it.each(["/", "/healthz", "/livez", "/readyz"])("is answered by HTTP/1.0 at %s", async (path) => {
    expect(await ask(`GET ${path} HTTP/1.0`)).toMatch(/ 200 OK$/);
    expect(await ask(`GET ${path} HTTP/1.1`, "connection: close")).toMatch(/ 400 /);
    expect(await ask(`GET ${path} HTTP/1.0`, "host: evil.example")).toMatch(/ 403 /);
  });

  it("is refused where data is", async () => {
    for (const path of ["/collections", "/telemetry", "/metrics"])
      expect(await ask(`GET ${path} HTTP/1.0`)).toMatch(/ 403 /);
    const put = [`content-length: ${config.length}`, "content-type: application/json"];
    const socket = await sent(["PUT /collections/c HTTP/1.0", ...put, "", config].join("\r\n"));
    expect(await answerOf(socket)).toMatch(/^HTTP\/1.1 403 /);
    expect(await collections()).toMatchObject({ result: { collections: [] } });
  });
});
