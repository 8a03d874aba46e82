import { execFile } from "node:child_process";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createServer, type Server, type Socket } from "node:net";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { GrpcChannel, type GrpcOptions } from "../../../src/util/grpc.ts";
import { programText } from "../../support/programs.ts";
import {
  frameOf,
  type GrpcCall,
  type GrpcHandler,
  startGrpcStub,
} from "../../support/stub-grpc.ts";

const path = "/package.Service/Method";
const hello = Buffer.from("hello");

async function ask(handler: GrpcHandler, options: GrpcOptions = {}, signal?: AbortSignal) {
  await using stub = await startGrpcStub(handler);
  return await askAt(stub.url, options, signal);
}

async function askAt(url: string, options: GrpcOptions = {}, signal?: AbortSignal) {
  const channel = new GrpcChannel(url, options);
  try {
    return await channel.call(path, frameOf(hello), { signal });
  } finally {
    channel.close();
  }
}

/** The call of something that listens, and is no gRPC. */
async function askServer(server: Server, options: GrpcOptions = {}) {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket.on("error", () => undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  try {
    return await askAt(`http://127.0.0.1:${port}`, options);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

describe("GrpcChannel", () => {
  it("keeps no process from its end while nothing is asked, though nobody closes it", async () => {
    await using stub = await startGrpcStub(({ frame }) => ({ body: frame.subarray(5) }));
    const program = `
      import { GrpcChannel } from ${JSON.stringify(new URL("../../../src/util/grpc.ts", import.meta.url).href)};
      const channel = new GrpcChannel(process.argv[1]);
      for (let asked = 0; asked < 3; asked += 1) {
        const { status } = await channel.call("${path}", Buffer.from([0, 0, 0, 0, 1, 7]));
        process.stdout.write(String(status));
      }`;
    const { stdout } = await promisify(execFile)(process.execPath, programText(program, stub.url), {
      timeout: 15_000,
    });
    expect(stdout).toBe("000");
  });

  it("sends one message with its metadata, asks for no compression, and gives the answer's", async () => {
    let seen: Record<string, unknown> = {};
    const answer = await ask(
      ({ headers, frame }) => {
        seen = headers;
        return { body: Buffer.concat([frame.subarray(5), Buffer.from("!")]) };
      },
      { metadata: { "x-key": "k" } },
    );
    expect(Buffer.from(answer.body ?? []).toString()).toBe("hello!");
    expect(answer).toMatchObject({ status: 0, message: "", httpStatus: null });
    expect(seen).toMatchObject({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-accept-encoding": "identity",
      "x-key": "k",
    });
  });

  it("takes messages larger than any window, both ways, several at once", async () => {
    await using stub = await startGrpcStub(({ frame }) => ({ body: frame.subarray(5) }));
    const channel = new GrpcChannel(stub.url, { sessionsMax: 2 });
    const big = Buffer.alloc(20 * 1024 * 1024, "abcdefg");
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => channel.call(path, frameOf(big))),
    );
    channel.close();
    for (const { body } of answers) expect(big.equals(body ?? hello)).toBe(true);
  });

  it("gives the status of an answer without message, with its words and the wait it asks for", async () => {
    expect(
      await ask(() => ({ status: 8, message: "zu viel: ü", trailers: { "retry-after": "3" } })),
    ).toEqual({
      status: 8,
      message: "zu viel: ü",
      body: null,
      retryAfterMs: 3000,
      httpStatus: null,
    });
    expect(
      await ask(() => ({ status: 2, message: "%", trailers: { "grpc-message": "%zz" } })),
    ).toMatchObject({ message: "%zz" });
  });

  it("gives a status that comes behind a message, and none of the message", async () => {
    expect(await ask(() => ({ status: 13, body: hello }))).toMatchObject({
      status: 13,
      body: null,
    });
  });

  it("hears an answer that comes before all was sent", async () => {
    const server = createHttp2Server();
    server.on("stream", (stream) => {
      stream.on("error", () => undefined);
      stream.respond(
        { ":status": 200, "content-type": "application/grpc", "grpc-status": "3" },
        { endStream: true },
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const channel = new GrpcChannel(`http://127.0.0.1:${port}`, { timeoutMs: 3000 });
    const answer = await channel.call(path, frameOf(Buffer.alloc(20 * 1024 * 1024)));
    channel.close();
    server.close();
    expect(answer.status).toBe(3);
  });

  it.each([
    [400, 13],
    [401, 16],
    [403, 7],
    [404, 12],
    [413, 2],
    [429, 14],
    [503, 14],
  ])("reads HTTP %i of something between as status %i", async (httpStatus, status) => {
    const answer = await ask(({ stream }) => {
      stream.respond({ ":status": httpStatus, "content-type": "text/html", "retry-after": "1" });
      stream.end("<h1>No</h1>");
      return undefined;
    });
    expect(answer).toMatchObject({ status, httpStatus, retryAfterMs: 1000, body: null });
  });

  it.each<[string, Uint8Array, object]>([
    ["is shorter than it says", frameOf(hello).subarray(0, 8), { details: { cut: true } }],
    ["has no prefix", Buffer.from([0, 0]), { details: { cut: true } }],
    ["is not there", Buffer.alloc(0), { details: { cut: true } }],
    ["is followed by another", Buffer.concat([frameOf(hello), frameOf(hello)]), {}],
    ["is compressed", Buffer.from([1, 0, 0, 0, 1, 7]), {}],
  ])("names a message that %s E_BAD_RESPONSE", async (_name, raw, fields) => {
    await expect(ask(() => ({ raw }))).rejects.toMatchObject({
      code: "E_BAD_RESPONSE",
      retryable: true,
      ...fields,
    });
  });

  it("refuses a message that is larger than allowed before it has come", async () => {
    const raw = Buffer.concat([Buffer.from([0, 0, 0, 4, 0]), hello]);
    await expect(ask(() => ({ raw }), { answerBytesMax: 1000 })).rejects.toMatchObject({
      code: "E_BAD_RESPONSE",
      retryable: false,
      details: { tooLarge: true },
    });
  });

  it("names an answer without status, or reset in the middle, E_BAD_RESPONSE", async () => {
    const begun = ({ stream }: GrpcCall): void => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.write(frameOf(hello).subarray(0, 7));
    };
    const cut = { code: "E_BAD_RESPONSE", retryable: true, details: { cut: true } };
    const ending = ask((call) => {
      begun(call);
      call.stream.end();
      return undefined;
    });
    await expect(ending).rejects.toMatchObject(cut);
    const reset = ask((call) => {
      begun(call);
      setTimeout(() => call.stream.close(2), 20);
      return undefined;
    });
    await expect(reset).rejects.toMatchObject(cut);
    const lost = ask((call) => {
      begun(call);
      setTimeout(() => call.stream.session?.destroy(), 20);
      return undefined;
    });
    await expect(lost).rejects.toMatchObject(cut);
  });

  it.each<[string, number, string]>([
    ["refused", 7, "E_UNREACHABLE"],
    ["reset", 2, "E_UNREACHABLE"],
    ["asked to be calm", 11, "E_RATE_LIMITED"],
  ])("names a call that is %s before its answer", async (_name, reset, code) => {
    await expect(ask(({ stream }) => void stream.close(reset))).rejects.toMatchObject({
      code,
      retryable: true,
    });
  });

  it("makes a new connection after a GOAWAY, after a lost one, and uses one for calls in a row", async () => {
    let way: "stay" | "goaway" | "lost" = "stay";
    await using stub = await startGrpcStub(({ stream }) => {
      if (way === "goaway") stream.session?.goaway(0);
      if (way !== "lost") return { body: hello };
      stream.session?.destroy();
      return undefined;
    });
    const channel = new GrpcChannel(stub.url);
    const call = () => channel.call(path, frameOf(hello));
    for (let turn = 0; turn < 3; turn += 1) expect((await call()).status).toBe(0);
    expect(stub.sessions()).toBe(1);
    way = "goaway";
    expect((await call()).status).toBe(0);
    way = "lost";
    await expect(call()).rejects.toMatchObject({ code: "E_UNREACHABLE", retryable: true });
    way = "stay";
    expect((await call()).status).toBe(0);
    expect(stub.sessions()).toBe(3);
    channel.close();
  });

  it("takes a new connection after a silence, and lets other calls on the silent one end", async () => {
    const { promise: later, resolve: answer } = Promise.withResolvers<void>();
    await using stub = await startGrpcStub(async ({ frame }) => {
      const word = frame.toString("utf8", 5);
      if (word === "late") await later;
      return word === "lost" ? undefined : { body: hello };
    });
    const channel = new GrpcChannel(stub.url);
    const say = (word: string, timeoutMs: number) =>
      channel.call(path, frameOf(Buffer.from(word)), { timeoutMs });
    const late = say("late", 5000);
    await expect(say("lost", 80)).rejects.toMatchObject({ code: "E_TIMEOUT" });
    expect((await say("next", 1000)).status).toBe(0);
    expect(stub.sessions()).toBe(2);
    answer();
    expect((await late).status).toBe(0);
    channel.close();
  });

  it("ends the calls of a connection that the server has said goodbye to when it is closed", async () => {
    await using stub = await startGrpcStub(({ stream }) => {
      stream.session?.goaway(0);
      setTimeout(() => channel.close(), 50);
      return undefined;
    });
    const channel = new GrpcChannel(stub.url, { timeoutMs: 3000 });
    await expect(channel.call(path, frameOf(hello))).rejects.toMatchObject({
      code: "E_UNREACHABLE",
    });
  });

  it("gives up after a silence, of a server and of one that speaks no HTTP/2", async () => {
    const timeout = { code: "E_TIMEOUT", retryable: true };
    await expect(ask(() => undefined, { timeoutMs: 80 })).rejects.toMatchObject(timeout);
    const mute = () => createServer(() => undefined);
    await expect(askServer(mute(), { timeoutMs: 80 })).rejects.toMatchObject(timeout);
    await expect(askServer(mute(), { connectTimeoutMs: 80 })).rejects.toMatchObject(timeout);
  });

  it("ends at once with E_ABORTED, and tells the server", async () => {
    await expect(ask(() => ({ body: hello }), {}, AbortSignal.abort("stop"))).rejects.toMatchObject(
      { code: "E_ABORTED", cause: "stop" },
    );
    const told = Promise.withResolvers<number | undefined>();
    await using stub = await startGrpcStub(({ stream }) => {
      stream.on("close", () => told.resolve(stream.rstCode));
      return undefined;
    });
    const channel = new GrpcChannel(stub.url);
    const signal = AbortSignal.timeout(80);
    await expect(channel.call(path, frameOf(hello), { signal })).rejects.toMatchObject({
      code: "E_ABORTED",
    });
    expect(await told.promise).toBe(8);
    channel.close();
  });

  it.each<[string, () => Server]>([
    ["HTTP/1", () => createHttpServer((_request, response) => response.end("hi"))],
    ["SSH", () => createServer((socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n"))],
    ["HTTP/2 without gRPC", () => createHttp2Server((_request, response) => response.end("hi"))],
  ])("says that %s is no gRPC", async (_name, make) => {
    await expect(askServer(make())).rejects.toMatchObject({
      code: "E_UNREACHABLE",
      details: { notGrpc: true },
    });
  });

  it.each<[string, () => Server]>([
    ["closes", () => createServer((socket) => socket.end())],
    ["resets", () => createServer((socket) => socket.resetAndDestroy())],
  ])("names a port that %s at once E_UNREACHABLE", async (_name, make) => {
    await expect(askServer(make())).rejects.toMatchObject({
      code: "E_UNREACHABLE",
      retryable: true,
    });
  });

  it("names a refused connection E_UNREACHABLE", async () => {
    await expect(askAt("http://127.0.0.1:1")).rejects.toMatchObject({
      code: "E_UNREACHABLE",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("refuses metadata that cannot be sent, without printing it", () => {
    expect(() => new GrpcChannel("http://h:1", { metadata: { key: "secret\n" } })).toThrow(
      expect.objectContaining({ code: "E_CONFIG", message: expect.not.stringContaining("secret") }),
    );
  });
});
