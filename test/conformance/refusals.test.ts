/**
 * What is spoilt is refused as a real server refuses it: the same spoilt requests go to both, and their statuses are compared.
 * VECFERRY_REFUSALS says how many, VECFERRY_FUZZ_SEED plays them again. Needs QDRANT_URL. Collections that stand at the server,
 * or that others make meanwhile, are left alone.
 */
import querystring from "node:querystring";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openEngine } from "../../src/engine/index.ts";
import { createServer } from "../../src/server/index.ts";
import type { RawRequest } from "../support/fuzz/mutations.ts";
import { bodyOf, rawOf, spoiltRequests, told, validSteps } from "../support/fuzz/requests.ts";

const serverUrl = (process.env["QDRANT_URL"] ?? "").replace(/\/+$/, "");
const key = process.env["QDRANT_API_KEY"];
const requests = Number(process.env["VECFERRY_REFUSALS"] ?? 400);
const seed = Number(process.env["VECFERRY_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

const headers = key ? { "api-key": key } : {};

type Asker = (request: Request) => Promise<{ status: number; text: string }>;

/** The request as `fetch` has it; null where no client could send it. */
function requestOf(raw: RawRequest): Request | null {
  const { method, path, contentType } = raw;
  try {
    return new Request(serverUrl + path, {
      method,
      body: bodyOf(raw),
      headers: { ...headers, ...(contentType === null ? {} : { "content-type": contentType }) },
    });
  } catch {
    return null;
  }
}

/** The collections that a server has, by name. */
async function collectionsAt(ask: Asker): Promise<string[]> {
  const { text } = await ask(new Request(`${serverUrl}/collections`, { headers }));
  const { result } = JSON.parse(text) as { result: { collections: { name: string }[] } };
  return result.collections.map(({ name }) => name);
}

/**
 * A real 1.18.2 takes a list within lists for a formula, and tries more ways to read it than it ever comes to the end of; of some
 * 70 prefetches within prefetches its stack overflows, and it is gone.
 */
const isDeadly = ({ path, body }: RawRequest) =>
  path.includes("query") &&
  /\[{8}|(?:"prefetch":[[{]+){20}/.test(
    typeof body === "string" ? body : Buffer.from(body ?? []).toString(),
  );

/** What is refused here for its own sake: components beyond a float32, a name, and examples of groups, at some of which a server panics. */
const meant =
  /is not a finite number|does not take the name|recommend_group_request\.(?:posi|nega)tive\./;

/** Whether a server has made the change in no time, to tell how it ended, is its luck. */
const isHurried = ({ path }: RawRequest) =>
  path.includes("wait=true") && path.includes("timeout=0");

/** The collection that a request is about; '' where it is about none. */
function collectionOf({ url }: Request): string {
  const name = new URL(url).pathname.split("/").filter((part) => part !== "")[1] ?? "";
  // As a server does it, whatever the bytes are.
  return querystring.unescape(name);
}

/** A change of a point that is not there: it is answered when those before it, for which nobody waited, are made. */
function waitFor(collection: string): Request {
  const url = `${serverUrl}/collections/${encodeURIComponent(collection)}/points/delete?wait=true`;
  const json = { ...headers, "content-type": "application/json" };
  return new Request(url, { method: "POST", body: '{"points":[987654321]}', headers: json });
}

/** Collections as the requests expect them, empty where an earlier request spoilt them. */
async function setUp(ask: Asker): Promise<void> {
  for (const name of ["fuzz-a", "fuzz-b"]) {
    await ask(new Request(`${serverUrl}/collections/${name}`, { method: "DELETE", headers }));
  }
  for (const { method, path, body } of validSteps.slice(0, 40)) {
    const request = requestOf({ method, path, body, contentType: "application/json" });
    if (request) await ask(request);
  }
}

const reason = serverUrl ? "" : " (QDRANT_URL is not set)";
describe.skipIf(reason !== "")(`a real server${reason}`, () => {
  it(
    `refuses ${requests} spoilt requests as the embedded one does`,
    async () => {
      console.log(`VECFERRY_FUZZ_SEED=${seed}`);
      await using engine = await openEngine(":memory:");
      const app = createServer(engine, { checkHost: false });
      const ours: Asker = async (request) => {
        const response = await app.request(request);
        return { status: response.status, text: await response.text() };
      };
      const theirs: Asker = async (request) => {
        const response = await fetch(request).catch(() => null);
        // 1.18.2 hangs up now and then.
        return response
          ? { status: response.status, text: await response.text() }
          : { status: 0, text: "" };
      };
      const others = (await collectionsAt(theirs)).filter((name) => !name.startsWith("fuzz-"));
      const both = () => Promise.all([setUp(theirs), setUp(ours)]);
      await both();
      const named = new Set(["fuzz-a", "fuzz-b"]);
      const differences: string[] = [];
      for (const spoilt of fc.sample(spoiltRequests, { seed, numRuns: requests })) {
        const raw = rawOf(spoilt);
        const request = requestOf(raw);
        if (!request || isDeadly(raw) || isHurried(raw)) continue;
        const name = collectionOf(request);
        if (others.includes(name)) continue;
        named.add(name);
        const [their, our] = await Promise.all([theirs(request.clone()), ours(request)]);
        if (their.text.includes('"acknowledged"')) await theirs(waitFor(name));
        // What the embedded one does not have it says at once.
        const isMeant = our.status === 501 || meant.test(our.text);
        const isLate = their.status === 0 || their.status === 408 || our.status === 408;
        if (!isLate && !isMeant && their.status !== our.status) {
          differences.push(
            `${told(raw)}\n  ${their.status} ${their.text.slice(0, 300)}\n  ${our.status} ${our.text.slice(0, 300)}`,
          );
          await both();
        }
      }
      for (const name of await collectionsAt(theirs)) {
        const url = `${serverUrl}/collections/${encodeURIComponent(name)}`;
        if (named.has(name)) await theirs(new Request(url, { method: "DELETE", headers }));
      }
      expect(differences).toEqual([]);
    },
    60_000 + requests * 200,
  );
});
