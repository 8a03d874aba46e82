import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { denseVector } from "../../src/model/vector-column.ts";
import { isGet, numbered, type Scene, withChroma } from "../support/chroma-scene.ts";
import type { StubAnswer } from "../support/stub.ts";
import { type StubChroma, stubChroma } from "../support/stub-chroma.ts";

const records = numbered(20);

/** Many reads of few records each, of a server that takes `ms` for an answer and refuses what is more than `bears` at once. */
async function readMuch(
  script: { ms: number; bears: number; refusal: StubAnswer },
  look: (scene: Scene, inFlight: number[]) => Promise<void>,
): Promise<void> {
  const chroma: StubChroma = { api: "v2", records };
  const usual = stubChroma(chroma);
  const inFlight: number[] = [];
  let current = 0;
  await withChroma(
    {
      ...chroma,
      intercept: (request, response) => {
        if (!isGet(request)) return undefined;
        current += 1;
        inFlight.push(current);
        const refused = current > script.bears;
        void sleep(refused ? 1 : script.ms).then(async () => {
          const answer = refused ? script.refusal : await usual(request, response);
          current -= 1;
          response.writeHead(answer?.status ?? 200, { "content-type": "application/json" });
          response.end(JSON.stringify(answer?.body));
        });
        return "handled";
      },
    },
    (scene) => look(scene, inFlight),
  );
}

async function readAll({ store, info }: Scene, times: number): Promise<void> {
  const queue = Array.from({ length: times }, (_, at) => `r${at % records.length}`);
  const { concurrency } = store.capabilities;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
        const { batch } = await store.read(info, [id]);
        expect(batch.ids).toEqual([id]);
        expect(denseVector(batch)?.data).toEqual(Float32Array.of(Number(id.slice(1)), 1));
      }
    }),
  );
}

const tooMuch: StubAnswer = { status: 429, body: { error: "RateLimitError" } };

describe("requests in flight at a Chroma server", () => {
  it("are two at first, and more as long as more comes back, up to eight", async () => {
    await readMuch({ ms: 20, bears: 99, refusal: tooMuch }, async (scene, inFlight) => {
      await readAll(scene, 300);
      expect(Math.max(...inFlight.slice(0, 9))).toBe(2);
      expect(Math.max(...inFlight)).toBeGreaterThan(4);
      expect(Math.max(...inFlight)).toBeLessThanOrEqual(8);
      expect(scene.retries).toEqual([]);
    });
  });

  it.each([
    ["429", tooMuch],
    ["503", { status: 503, body: { error: "Unavailable" } }],
  ])(
    "become fewer where it answers %s to more than it bears, and every record arrives",
    async (_status, refusal) => {
      await readMuch({ ms: 10, bears: 3, refusal }, async (scene, inFlight) => {
        await readAll(scene, 300);
        expect(Math.max(...inFlight)).toBeGreaterThan(3);
        // Tried again now and then; a sender that does not hold back is refused with more than half of what it sends.
        expect(scene.retries.length).toBeGreaterThan(0);
        expect(scene.retries.length).toBeLessThan(40);
      });
    },
  );
});
