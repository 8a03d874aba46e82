import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isGet, keysOf, numbered, readAll, withChroma } from "../support/chroma-scene.ts";
import { type Intercept, internalError } from "../support/stub-chroma.ts";

beforeEach(() => {
  // Waits between attempts are random from 0 on: here always 0.
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("reading from a Chroma server that fails now and then", () => {
  const records = numbered(10);

  it.each<[string, string, (nth: number) => ReturnType<Intercept>]>([
    [
      "429 with Retry-After",
      "E_RATE_LIMITED",
      () => ({ status: 429, headers: { "retry-after": "0" }, body: { error: "RateLimitError" } }),
    ],
    ["502 from a proxy", "E_SERVER", () => ({ status: 502, body: "<h1>Bad Gateway</h1>" })],
    ["503", "E_SERVER", () => ({ status: 503, body: { error: "Unavailable" } })],
    ["504", "E_SERVER", () => ({ status: 504, body: "" })],
    [
      "a 404 that is not Chroma's own",
      "E_BAD_RESPONSE",
      () => ({ status: 404, body: "404 page not found" }),
    ],
    [
      "a web page with status 200",
      "E_BAD_RESPONSE",
      () => ({ body: "<html>One moment please</html>" }),
    ],
    [
      "JSON that ends too soon",
      "E_BAD_RESPONSE",
      () => ({ body: '{"ids":["r0"],"embeddings":[[0.1' }),
    ],
  ])("asks again after %s", async (_what, code, fault) => {
    let faults = 0;
    const intercept: Intercept = (request) => {
      if (!isGet(request) || faults === 3) return undefined;
      faults += 1;
      return fault(faults);
    };
    await withChroma({ api: "v2", records, intercept }, async (scene) => {
      expect((await readAll(scene, records)).batch.ids).toEqual(keysOf(records));
      expect(scene.retries).toEqual([code, code, code]);
    });
  });

  it("waits as long as Retry-After says", async () => {
    let limited = true;
    const intercept: Intercept = (request) => {
      if (!isGet(request) || !limited) return undefined;
      limited = false;
      return { status: 429, headers: { "retry-after": "1" }, body: { error: "RateLimitError" } };
    };
    await withChroma({ api: "v2", records, intercept }, async (scene) => {
      const start = performance.now();
      await readAll(scene, records);
      expect(performance.now() - start).toBeGreaterThan(950);
    });
  });

  it.each<[string, string, (response: Parameters<Intercept>[1]) => void]>([
    [
      "a reset before the answer",
      "E_UNREACHABLE",
      (response) => response.socket?.resetAndDestroy(),
    ],
    [
      "a reset in the middle of the answer",
      "E_BAD_RESPONSE",
      (response) => {
        response.writeHead(200);
        response.write('{"ids":["r0"');
        setTimeout(() => response.socket?.resetAndDestroy(), 20);
      },
    ],
    [
      "an answer shorter than its length says",
      "E_BAD_RESPONSE",
      (response) => {
        response.writeHead(200, { "content-length": "5000" });
        response.write('{"ids":["r0"]}', () => response.socket?.destroy());
      },
    ],
    ["silence", "E_TIMEOUT", () => {}],
    [
      "silence in the middle of the answer",
      "E_TIMEOUT",
      (response) => {
        response.writeHead(200);
        response.write('{"ids":["r0"');
      },
    ],
  ])("asks again after %s", async (_what, code, fault) => {
    let faults = 0;
    const intercept: Intercept = (request, response) => {
      if (!isGet(request) || faults === 1) return undefined;
      faults += 1;
      fault(response);
      return "handled";
    };
    await withChroma(
      { api: "v2", records, intercept },
      async (scene) => {
        expect((await readAll(scene, records)).batch.ids).toEqual(keysOf(records));
        expect(scene.retries).toEqual([code]);
      },
      150,
    );
  });

  it("carries on, and blames no record, when the server is down for a while", async () => {
    let faults = 0;
    const intercept: Intercept = (request) => {
      if (!isGet(request) || faults === 5) return undefined;
      faults += 1;
      return internalError;
    };
    await withChroma({ api: "v2", records, intercept }, async (scene) => {
      const { batch, failures } = await readAll(scene, records);
      expect([batch.ids, failures]).toEqual([keysOf(records), []]);
    });
  });

  it("gives up in the end, and says what the server said", async () => {
    const intercept: Intercept = (request) =>
      isGet(request)
        ? { status: 503, body: { error: "Unavailable", message: "no room" } }
        : undefined;
    await withChroma({ api: "v2", records, intercept }, async ({ store, info, retries }) => {
      await expect(store.read(info, ["r0"])).rejects.toMatchObject({
        code: "E_SERVER",
        exit: 5,
        message: expect.stringContaining("no room"),
      });
      expect(retries.length).toBe(6);
    });
  });

  it("ends at once when it is aborted in the middle of an answer", async () => {
    const intercept: Intercept = (request) => (isGet(request) ? "handled" : undefined);
    await withChroma({ api: "v2", records, intercept }, async ({ store, info, retries }) => {
      const call = store.read(info, keysOf(records), { signal: AbortSignal.timeout(50) });
      await expect(call).rejects.toMatchObject({ code: "E_ABORTED" });
      expect(retries).toEqual([]);
    });
  });
});
