/**
 * Spoilt requests do the embedded Qdrant no harm: each is answered, within seconds, by something other than a fault of the server, and the
 * next right question gets the right answer. 3,000 requests; VECFERRY_FUZZ_REQUESTS says how many, VECFERRY_FUZZ_SEED plays them again.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Engine, openEngine } from "../../src/engine/index.ts";
import { createServer, type QdrantApp } from "../../src/server/index.ts";
import type { RawRequest } from "../support/fuzz/mutations.ts";
import { bodyOf, rawOf, spoiltRequests, told, validSteps } from "../support/fuzz/requests.ts";

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

/** What is wrong with the answer to one request, which has until `late`; null = nothing. */
async function fault(raw: RawRequest, late: Promise<null>): Promise<string | null> {
  let request: Request;
  try {
    const headers = raw.contentType === null ? {} : { "content-type": raw.contentType };
    const { method } = raw;
    request = new Request(`http://localhost${raw.path}`, { method, body: bodyOf(raw), headers });
  } catch {
    return null; // No client could send it.
  }
  const response = await Promise.race([app.request(request), late]);
  if (response === null) return "no answer";
  const text = await response.text();
  if (response.status >= 500 && response.status !== 501) return `${response.status} ${text}`;
  return null;
}

/** The faults of the answers to requests that are asked together. */
async function faultsOf(raws: readonly RawRequest[]): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, answeredWithinMs, null);
  });
  const faults = await Promise.all(raws.map((raw) => fault(raw, late)));
  clearTimeout(timer);
  return faults.flatMap((wrong, at) => {
    const raw = raws[at];
    return wrong === null || raw === undefined ? [] : [`${told(raw)}\n=> ${wrong}`];
  });
}

describe("spoilt requests", () => {
  it(
    `are ${requests} times answered without a fault of the server`,
    async () => {
      console.log(`VECFERRY_FUZZ_SEED=${seed}`);
      let batches = 0;
      let asked = 0;
      const startedMs = performance.now();
      const seconds = () =>
        `spoilt requests in ${Math.round((performance.now() - startedMs) / 1000)} s`;
      await fc.assert(
        fc.asyncProperty(
          fc.array(spoiltRequests, { minLength: 1, maxLength: batchSize, size: "max" }),
          async (batch) => {
            asked += batch.length;
            if (batches++ % 40 === 0) await tidyUp();
            if (batches % 800 === 0) console.log(asked, seconds());
            expect(await faultsOf(batch.map(rawOf))).toEqual([]);
            expect(await canary()).toEqual(rightAnswer);
          },
        ),
        { numRuns: Math.ceil(requests / 20), seed, endOnFailure: requests > 3_000 },
      );
      console.log(asked, seconds());
    },
    60_000 + requests * 20,
  );
});
