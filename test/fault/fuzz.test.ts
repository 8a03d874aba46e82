/**
 * Spoilt requests do the embedded Qdrant no harm: each is answered, within seconds, by something other than a fault of the server, and the
 * next right question gets the right answer. 3,000 requests; VECFERRY_FUZZ_REQUESTS says how many, VECFERRY_FUZZ_SEED plays them again.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../src/engine/index.ts";
import { createServer, type QdrantApp } from "../../src/server/index.ts";
import { rawOf, spoiltRequests, told, validSteps } from "../support/fuzz/requests.ts";

const requests = Number(process.env["VECFERRY_FUZZ_REQUESTS"] ?? 3_000);
const seed = Number(process.env["VECFERRY_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
/** Requests that are in flight together, at most; 25 on the average. */
const batchSize = 50;
const answeredWithinMs = 10_000;

let engine: Engine;
let app: QdrantApp;

async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  const text = body === undefined ? null : JSON.stringify(body);
  return app.request(path, { method, body: text, headers: { "content-type": "application/json" } });
}

/** A question with one right answer, in a collection that no spoilt request names. */
async function canary(): Promise<unknown> {
  const response = await ask("POST", "/collections/canary/points/query", {
    query: [1, 2],
    filter: { must: { key: "a", match: { value: 1 } } },
    with_payload: true,
  });
  const { result } = (await response.json()) as { result: unknown };
  return result;
}

const rightAnswer = { points: [{ id: 1, version: 0, score: 5, payload: { a: 1 } }] };

/** Makes the collections of the valid requests anew, and removes what spoilt ones have made. */
async function tidyUp(): Promise<void> {
  const response = await ask("GET", "/collections");
  const { result } = (await response.json()) as { result: { collections: { name: string }[] } };
  for (const { name } of result.collections) {
    if (name !== "canary") await ask("DELETE", `/collections/${encodeURIComponent(name)}`);
  }
  for (const { method, path, body } of validSteps.slice(0, 40)) {
    await app.request(path, { method, body, headers: { "content-type": "application/json" } });
  }
}

beforeAll(async () => {
  engine = await openEngine(":memory:");
  app = createServer(engine, { checkHost: false });
  await ask("PUT", "/collections/canary", { vectors: { size: 2, distance: "Dot" } });
  const points = [
    { id: 1, vector: [1, 2], payload: { a: 1 } },
    { id: 2, vector: [2, 1] },
  ];
  await ask("PUT", "/collections/canary/points?wait=true", { points });
  expect(await canary()).toEqual(rightAnswer);
});

afterAll(() => engine?.close());

/** What is wrong with the answer to one request; null = nothing. */
async function fault(raw: ReturnType<typeof rawOf>): Promise<string | null> {
  let request: Request;
  try {
    const body = raw.method === "GET" ? null : raw.body;
    const headers = raw.contentType === null ? {} : { "content-type": raw.contentType };
    request = new Request(`http://localhost${raw.path}`, {
      method: raw.method,
      body: body === null ? null : Uint8Array.from(body),
      headers,
    });
  } catch {
    return null; // No client could send it.
  }
  const late = AbortSignal.timeout(answeredWithinMs);
  const response = await Promise.race([
    app.request(request),
    new Promise<null>((resolve) => late.addEventListener("abort", () => resolve(null))),
  ]);
  if (response === null) return "no answer";
  const text = await response.text();
  if (response.status >= 500 && response.status !== 501) return `${response.status} ${text}`;
  return null;
}

describe("spoilt requests", () => {
  it(
    `are ${requests} times answered without a fault of the server`,
    async () => {
      console.log(`VECFERRY_FUZZ_SEED=${seed}`);
      let batches = 0;
      let asked = 0;
      const startedMs = performance.now();
      await fc.assert(
        fc.asyncProperty(
          fc.array(spoiltRequests, { minLength: 1, maxLength: batchSize, size: "max" }),
          async (batch) => {
            asked += batch.length;
            if (batches++ % 40 === 0) await tidyUp();
            const faults = await Promise.all(
              batch.map(async (spoilt) => {
                const raw = rawOf(spoilt);
                const wrong = await fault(raw);
                return wrong === null ? [] : [`${told(raw)}\n=> ${wrong}`];
              }),
            );
            expect(faults.flat()).toEqual([]);
            expect(await canary()).toEqual(rightAnswer);
          },
        ),
        { numRuns: Math.ceil(requests / 20), seed, endOnFailure: requests > 3_000 },
      );
      const seconds = (performance.now() - startedMs) / 1000;
      console.log(`${asked} spoilt requests in ${seconds.toFixed(0)} s`);
    },
    60_000 + requests * 20,
  );
});
