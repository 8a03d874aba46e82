import { getEventListeners } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HttpClient, type HttpOptions } from "../../../src/util/http.ts";
import { promisesMade } from "../../support/promises.ts";
import { type StubHandler, startStub } from "../../support/stub.ts";

async function ask(handler: StubHandler, options: HttpOptions = {}, signal?: AbortSignal) {
  await using stub = await startStub(handler);
  const client = new HttpClient(options);
  try {
    const answer = await client.request({
      method: "POST",
      url: `${stub.url}/path?key=secret`,
      body: '{"a":1}',
      signal,
    });
    return { answer, requests: stub.requests };
  } finally {
    client.close();
  }
}

describe("HttpClient", () => {
  it("sends JSON with its headers and asks for no compression", async () => {
    const { answer, requests } = await ask(() => ({ status: 201, body: { ok: "ä" } }), {
      headers: { "x-token": "t" },
    });
    expect(answer).toMatchObject({ status: 201, text: '{"ok":"ä"}', retryAfterMs: undefined });
    expect(requests[0]?.body).toEqual({ a: 1 });
    expect(requests[0]?.headers).toMatchObject({
      "x-token": "t",
      "accept-encoding": "identity",
      "content-type": "application/json",
    });
  });

  it("uses one connection for requests in a row", async () => {
    const ports = new Set<number | undefined>();
    await using stub = await startStub((_request, response) => {
      ports.add(response.socket?.remotePort);
      return { body: 1 };
    });
    const client = new HttpClient();
    for (let i = 0; i < 5; i += 1) await client.request({ method: "GET", url: stub.url });
    client.close();
    expect(ports.size).toBe(1);
  });

  it("goes where each request says, whatever the one before said", async () => {
    await using one = await startStub(({ path }) => ({ body: `one ${path}` }));
    await using other = await startStub(({ path }) => ({ body: `other ${path}` }));
    const client = new HttpClient();
    const urls = [`${one.url}/a?b=c d`, `${one.url}/a`, `${other.url}/a`, other.url, one.url];
    const texts: string[] = [];
    for (const url of urls) texts.push((await client.request({ method: "GET", url })).text);
    client.close();
    expect(texts).toEqual(["one /a?b=c%20d", "one /a", "other /a", "other /", "one /"]);
  });

  it("makes few promises of a request, and leaves nothing on its signal", async () => {
    const answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    const server = createServer((socket) => socket.on("data", () => socket.write(answer)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const port = Object(server.address())["port"];
    const client = new HttpClient();
    const { signal } = new AbortController();
    const url = `http://127.0.0.1:${port}/`;
    const ask = () => client.request({ method: "POST", url, body: "{}", signal });
    await ask();
    const rounds = 10;
    const promises = await promisesMade(async () => {
      for (let round = 0; round < rounds; round += 1) await ask();
    });
    client.close();
    server.close();
    // An iterator over the answer makes a dozen more.
    expect(promises / rounds).toBeLessThan(10);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("reads Retry-After in seconds and as a date", async () => {
    const seconds = await ask(() => ({ status: 429, headers: { "retry-after": "3" }, body: {} }));
    expect(seconds.answer.retryAfterMs).toBe(3000);
    const date = new Date(Date.now() + 20_000).toUTCString();
    const dated = await ask(() => ({ status: 503, headers: { "retry-after": date }, body: {} }));
    expect(dated.answer.retryAfterMs).toBeGreaterThan(15_000);
    expect(dated.answer.retryAfterMs).toBeLessThan(21_000);
  });

  it("names a refused connection E_UNREACHABLE and keeps the query out of the message", async () => {
    const url = await startStub(() => ({ body: 1 })).then(async (stub) => {
      await stub[Symbol.asyncDispose]();
      return stub.url;
    });
    const call = new HttpClient().request({ method: "GET", url: `${url}/x?key=secret` });
    await expect(call).rejects.toMatchObject({
      code: "E_UNREACHABLE",
      retryable: true,
      message: expect.stringContaining("ECONNREFUSED"),
    });
    await expect(call).rejects.toMatchObject({ message: expect.not.stringContaining("secret") });
  });

  it("names a host that has no address E_UNREACHABLE", async () => {
    await expect(
      new HttpClient().request({ method: "GET", url: "http://no-such-host.invalid/" }),
    ).rejects.toMatchObject({ code: "E_UNREACHABLE" });
  });

  it("names a connection that is reset before an answer E_UNREACHABLE", async () => {
    const call = ask((_request, response) => void response.socket?.resetAndDestroy());
    await expect(call).rejects.toMatchObject({ code: "E_UNREACHABLE", retryable: true });
  });

  it("names an answer shorter than its content-length E_BAD_RESPONSE", async () => {
    const call = ask((_request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"ids":[');
      setTimeout(() => response.socket?.destroy(), 20);
      return undefined;
    });
    await expect(call).rejects.toMatchObject({ code: "E_BAD_RESPONSE", retryable: true });
  });

  it("names an answer that was cut before anybody read it E_BAD_RESPONSE", async () => {
    await using stub = await startStub((_request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"ids":[');
      setTimeout(() => response.socket?.destroy(), 20);
      return undefined;
    });
    const client = new HttpClient();
    const call = client.stream({ method: "GET", url: stub.url }, async (answer) => {
      await new Promise((settle) => setTimeout(settle, 300));
      return answer.whole();
    });
    await expect(call).rejects.toMatchObject({ code: "E_BAD_RESPONSE" });
    client.close();
  });

  it("names a chunked answer whose connection is reset in the middle E_BAD_RESPONSE", async () => {
    const call = ask((_request, response) => {
      response.writeHead(200);
      response.write('{"ids":[');
      setTimeout(() => response.socket?.resetAndDestroy(), 20);
      return undefined;
    });
    await expect(call).rejects.toMatchObject({ code: "E_BAD_RESPONSE", retryable: true });
  });

  it("gives up after a silence of timeoutMs, before the answer and in the middle of it", async () => {
    const silent = ask(() => undefined, { timeoutMs: 50 });
    await expect(silent).rejects.toMatchObject({ code: "E_TIMEOUT", retryable: true });
    const stalled = ask(
      (_request, response) => {
        response.writeHead(200);
        response.write("{");
        return undefined;
      },
      { timeoutMs: 50 },
    );
    await expect(stalled).rejects.toMatchObject({ code: "E_TIMEOUT", retryable: true });
  });

  it("bears an answer that comes slowly but steadily", async () => {
    const { answer } = await ask(
      async (_request, response) => {
        response.writeHead(200);
        for (let i = 0; i < 6; i += 1) {
          response.write("1");
          await new Promise((resolve) => setTimeout(resolve, 40));
        }
        response.end();
        return undefined;
      },
      { timeoutMs: 150 },
    );
    expect(answer.text).toBe("111111");
  });

  it("ends at once with E_ABORTED, before the request and in the middle of the answer", async () => {
    await expect(ask(() => ({ body: 1 }), {}, AbortSignal.abort("stop"))).rejects.toMatchObject({
      code: "E_ABORTED",
      cause: "stop",
    });
    const stalled = (
      _request: unknown,
      response: { writeHead(s: number): void; write(s: string): void },
    ) => {
      response.writeHead(200);
      response.write("{");
      return undefined;
    };
    await expect(ask(stalled, {}, AbortSignal.timeout(50))).rejects.toMatchObject({
      code: "E_ABORTED",
    });
  });

  it("refuses answers that are too large, compressed, not UTF-8 or not HTTP", async () => {
    await expect(
      ask(() => ({ body: "x".repeat(2000) }), { answerBytesMax: 1000 }),
    ).rejects.toMatchObject({
      code: "E_BAD_RESPONSE",
      retryable: false,
      details: { tooLarge: true },
    });
    await expect(
      ask(() => ({ headers: { "content-encoding": "gzip" }, body: 1 })),
    ).rejects.toMatchObject({ code: "E_BAD_RESPONSE" });
    const latin1 = ask((_request, response) => void response.end(Buffer.from([0x22, 0xe4, 0x22])));
    await expect(latin1).rejects.toMatchObject({ code: "E_BAD_RESPONSE" });
    const server = createServer((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    await expect(
      new HttpClient().request({ method: "GET", url: `http://127.0.0.1:${port}/` }),
    ).rejects.toMatchObject({ code: "E_BAD_RESPONSE" });
    server.close();
  });

  it("refuses a CA file that holds no certificate and a header that cannot be sent, without printing it", () => {
    const path = join(mkdtempSync(join(tmpdir(), "vecferry-")), "ca.pem");
    writeFileSync(path, "no certificate");
    expect(() => new HttpClient({ caFile: path })).toThrow(
      expect.objectContaining({ code: "E_CONFIG" }),
    );
    expect(() => new HttpClient({ headers: { "x-token": "secret\n" } })).toThrow(
      expect.objectContaining({ code: "E_CONFIG", message: expect.not.stringContaining("secret") }),
    );
  });
});
