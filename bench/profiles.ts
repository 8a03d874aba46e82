/** What each profile of `createCollectionOptimized` costs and gives. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { QdrantRepository } from "../src/repositories.ts";
import type { CollectionProfile } from "../src/repository/types.ts";
import { describeData } from "./data.ts";
import { grpcPort } from "./searching.ts";
import { apiKey } from "./server.ts";
import { limit, type ServiceData, serviceData } from "./service-data.ts";
import { markdown } from "./table.ts";

export interface ProfilesOptions {
  readonly records: number;
  readonly dimension: number;
  readonly rounds: number;
}

/** So few that each has a graph of its own: a server looks through less than 10 MB without one. */
const tenants = ["t0", "t1"] as const;
const asked = 300;
const prefix = "vecferry-bench-profile-";

interface Case {
  readonly what: string;
  readonly collection: string;
  readonly profile: CollectionProfile | null;
  readonly rerank: boolean;
}

/** A collection that names no profile has the server's own settings. `rerank: true` means something where vectors are quantized. */
const cases: readonly Case[] = ([null, "latency", "balanced", "memory"] as const).flatMap(
  (profile) => {
    const what = profile ?? "no profile";
    const one = { what, collection: prefix + (profile ?? "none"), profile, rerank: false };
    const isQuantized = profile === "balanced" || profile === "memory";
    return isQuantized ? [one, { ...one, what: `${what}, rerank: true`, rerank: true }] : [one];
  },
);

/** Prints one table. The cases take turns query by query, so that whatever else the machine does meets all of them. */
export async function benchProfiles({
  records,
  dimension,
  rounds,
}: ProfilesOptions): Promise<void> {
  const url = process.env["QDRANT_URL"];
  if (!url) throw new Error("QDRANT_URL names the server that is measured.");
  const data = await serviceData(records, dimension, asked, tenants);
  console.log(
    `${records} × ${dimension}, ${describeData(dimension)}, ${tenants.length} tenants; limit ${limit} with payload, one query at a time, ${asked} queries, ${rounds} rounds\n`,
  );
  await using repository = new QdrantRepository({
    url,
    grpcPort: grpcPort(url),
    ...(apiKey === "" ? {} : { apiKey }),
  });
  const made = cases.filter(({ rerank }) => !rerank);
  try {
    for (const one of made) await fill(repository, one, data);
    for (const { collection } of made) await untilIndexed(url, collection);
    const found = await ask(repository, data, rounds);
    const rows: string[][] = [];
    for (const { what, collection } of cases) {
      const { recall, p50, p99 } = found.get(what) ?? { recall: 0, p50: 0, p99: 0 };
      const { needed, taken } = await memoryOf(url, collection);
      const figures = [p50.toFixed(2), p99.toFixed(2), recall.toFixed(4)];
      rows.push([what, ...figures, mebibytes(needed), mebibytes(taken)]);
    }
    const head = [
      "profile",
      "p50 ms",
      "p99 ms",
      "recall@10",
      "memory needed MiB",
      "memory taken MiB",
    ];
    console.log(markdown([head, ...rows]));
  } finally {
    for (const { collection } of made) await repository.deleteCollection(collection);
  }
}

async function fill(
  repository: QdrantRepository,
  { collection, profile }: Case,
  { documents, dimension }: ServiceData,
): Promise<void> {
  await repository.deleteCollection(collection);
  await repository.createCollectionOptimized({
    name: collection,
    vectorSize: dimension,
    ...(profile === null ? {} : { profile }),
  });
  for (const [tenantId, own] of documents) {
    const given = own.flatMap(({ embedding, ...document }) =>
      embedding === undefined ? [] : [{ ...document, embedding }],
    );
    const { failed } = await repository.bulkUpsertDocuments(collection, {
      operationType: "upsert",
      tenantId,
      documents: given,
    });
    if (failed.length > 0) throw new Error(JSON.stringify(failed[0]));
  }
}

const headers = apiKey === "" ? {} : { "api-key": apiKey };
const stateSchema = z.object({ result: z.looseObject({ status: z.string() }) });
const memorySchema = z.object({
  result: z.object({
    total: z.looseObject({
      ram_bytes: z.number(),
      cached_bytes: z.number(),
      expected_cache_bytes: z.number(),
    }),
  }),
});

async function get(url: string, path: string): Promise<unknown> {
  const answer = await fetch(`${url.replace(/\/$/, "")}/collections/${path}`, { headers });
  if (!answer.ok) throw new Error(`the server answers ${path} with ${answer.status}`);
  return await answer.json();
}

/** Green three seconds in a row: the optimizer may pause between two pieces of work. */
async function untilIndexed(url: string, collection: string): Promise<void> {
  for (let green = 0; green < 3; ) {
    const { result } = stateSchema.parse(await get(url, collection));
    green = result.status === "green" ? green + 1 : 0;
    await sleep(1000);
  }
}

/** What the server keeps in memory and wants to have of the disk there; and what it keeps and happens to have there. */
async function memoryOf(url: string, name: string): Promise<{ needed: number; taken: number }> {
  const { total } = memorySchema.parse(await get(url, `${name}/memory`)).result;
  return {
    needed: total.ram_bytes + total.expected_cache_bytes,
    taken: total.ram_bytes + total.cached_bytes,
  };
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

async function ask(
  repository: QdrantRepository,
  { queries }: ServiceData,
  rounds: number,
): Promise<Map<string, { recall: number; p50: number; p99: number }>> {
  const times = new Map<string, number[]>(cases.map(({ what }) => [what, []]));
  const hits = new Map<string, number>();
  let wanted = 0;
  // The first round warms up.
  for (let turn = 0; turn < (rounds + 1) * asked; turn += 1) {
    const query = queries[turn % asked];
    if (query === undefined) continue;
    const counts = turn >= asked;
    if (counts) wanted += query.truth.size;
    for (const { what, collection, rerank } of cases) {
      const startedMs = performance.now();
      const results = await repository.semanticSearchAdvanced({
        collectionName: collection,
        tenantId: query.tenant,
        queryEmbedding: query.vector,
        nResults: limit,
        rerank,
      });
      if (!counts) continue;
      times.get(what)?.push(performance.now() - startedMs);
      const right = results.filter(({ document }) => query.truth.has(document.id)).length;
      hits.set(what, (hits.get(what) ?? 0) + right);
    }
  }
  return new Map(
    Array.from(times, ([what, some]) => {
      const sorted = some.toSorted((one, other) => one - other);
      const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
      return [what, { recall: (hits.get(what) ?? 0) / wanted, p50: at(0.5), p99: at(0.99) }];
    }),
  );
}
