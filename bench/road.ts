/** What HTTP adds to a search of the embedded Qdrant: that of the server, of a client, and of what lies between any two processes. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import type { QdrantClient } from "@qdrant/js-client-rest";
import { type Client, clientOf, indexed, load, opened } from "./embedding.ts";
import type { Measured } from "./measured.ts";
import { limit, median, queryVectors, tenant } from "./question.ts";
import { processorOf, served, servedAtOnce } from "./serving.ts";
import { Turns } from "./turns.ts";

const name = "bench";
/** Searches before the first that counts. */
const warmUp = 500;
/** They take turns, so many searches each: whatever else the machine does meets all of them. */
const turn = 20;
const turnsEach = 100;

type Body = Readonly<Record<string, unknown>>;

interface Road {
  readonly key: string;
  readonly pid: number;
  ask(body: Body): Promise<unknown>;
}

/** Of each road the median of its searches in ms, and µs of processor a search at both ends; ordered as the roads are. */
export async function measureRoads(records: number, dimension: number): Promise<Measured> {
  const folder = mkdtempSync(path.join(tmpdir(), "vecferry-bench-"));
  const [own, other] = [path.join(folder, "own"), path.join(folder, "other")];
  try {
    using turns = new Turns();
    await opened("process", own, async (client) => {
      await load(client, records, dimension, turns);
      await indexed(client, records);
    });
    cpSync(own, other, { recursive: true });
    const bodies = queryVectors(records, dimension).map((vector) => ({
      query: [...vector],
      limit,
      filter: tenant,
      with_payload: true,
    }));
    const parts: Record<string, number | null> = {};
    await opened("process", own, async (client) => {
      await using server = await served(other);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const ours = bareRequest(server.url, agent);
      const answer = await ours(bodies[0] ?? {});
      await using atOnce = await servedAtOnce(answer);
      const roads: Road[] = [
        { key: "process", pid: process.pid, ask: asking(client) },
        { key: "bareAtOnce", pid: atOnce.pid, ask: parsed(bareRequest(atOnce.url, agent)) },
        { key: "bare", pid: server.pid, ask: parsed(ours) },
        { key: "clientAtOnce", pid: atOnce.pid, ask: asking(clientOf(atOnce.url)) },
        { key: "client", pid: server.pid, ask: asking(clientOf(server.url)) },
      ];
      await compare(roads, bodies, parts);
      agent.destroy();
    });
    return { rows: records, ms: 0, parts };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(
  roads: readonly Road[],
  bodies: readonly Body[],
  parts: Record<string, number | null>,
): Promise<void> {
  const took = roads.map(() => ({ ms: [] as number[], server: 0, client: 0 }));
  for (const { ask } of roads)
    for (let at = 0; at < warmUp; at += 1) await ask(bodies[at % bodies.length] ?? {});
  for (let round = 0; round < turnsEach; round += 1) {
    const from = (round * turn) % bodies.length;
    for (const [at, { pid, ask }] of roads.entries()) {
      const of = took[at];
      if (of === undefined) continue;
      const [server, client] = [processorOf(pid), processorOf(process.pid)];
      for (const body of bodies.slice(from, from + turn)) {
        const startedMs = performance.now();
        await ask(body);
        of.ms.push(performance.now() - startedMs);
      }
      of.server += (processorOf(pid) ?? Number.NaN) - (server ?? 0);
      of.client += (processorOf(process.pid) ?? Number.NaN) - (client ?? 0);
    }
  }
  for (const [at, { key, pid }] of roads.entries()) {
    const { ms = [], server = 0, client = 0 } = took[at] ?? {};
    parts[`${key}Ms`] = median(ms);
    parts[`${key}ClientMicros`] = orNull(client / ms.length);
    parts[`${key}ServerMicros`] = pid === process.pid ? null : orNull(server / ms.length);
  }
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

function asking(client: Client | QdrantClient): Road["ask"] {
  return (body) => client.query(name, body);
}

function parsed(ask: (body: Body) => Promise<Buffer>): Road["ask"] {
  return async (body) => JSON.parse((await ask(body)).toString());
}

/** The least that an application can do: JSON text over a connection that stays. */
function bareRequest(url: string, agent: Agent): (body: Body) => Promise<Buffer> {
  const address = `${url}/collections/${name}/points/query`;
  return (body) => {
    const text = JSON.stringify(body);
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    };
    return new Promise((settle, reject) => {
      const sent = request(address, { method: "POST", agent, headers }, (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("end", () => settle(Buffer.concat(pieces)));
        response.on("error", reject);
      });
      sent.on("error", reject);
      sent.end(text);
    });
  };
}
