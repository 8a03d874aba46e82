/** The formula of what a collection takes, beside a real server's own account of it. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Quantization } from "../../src/model/collection.ts";
import { type FootprintInput, footprint, footprintParts } from "../../src/model/footprint.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { type QdrantPlace, qdrantKinds } from "../support/qdrant-places.ts";

const points = 6000;
const dimension = 128;
const payloadBytes = 220;
const categories = 40;
const random = seededRandom(7);

/** What /collections/NAME/memory says: the server's documents do not name it, 1.18 has it. */
const bytes = z.object({ disk_bytes: z.number(), ram_bytes: z.number() });
const memorySchema = z.object({
  total: bytes.extend({ expected_cache_bytes: z.number() }),
  vectors: z.tuple([z.object({ index: bytes, quantized: bytes.optional() })]),
  payload_index: z.array(z.object({ usage: bytes })),
  other: z.object({ id_tracker: bytes }),
});

const input: FootprintInput = {
  points,
  dimension,
  m: 16,
  payloadBytes,
  indexedValues: [categories],
  quantization: null,
  vectorsInRam: true,
};

const real = qdrantKinds.find(({ name }) => name.startsWith("Qdrant server"));

describe.skipIf(real === undefined || real.skip)(`a footprint beside ${real?.name}`, () => {
  let place: QdrantPlace;
  let name: string;
  beforeAll(async () => {
    if (real === undefined) throw new Error("no server");
    place = await real.start();
    name = place.unique("plan-footprint");
    await place.call("PUT", `/collections/${name}`, {
      vectors: { size: dimension, distance: "Dot" },
      // Indexed from the first points on, as nearly all of a large collection is.
      optimizers_config: { indexing_threshold: 100 },
    });
    await place.call("PUT", `/collections/${name}/index?wait=true`, {
      field_name: "category",
      field_schema: "keyword",
    });
    for (let first = 0; first < points; first += 2000) {
      const some = Array.from({ length: 2000 }, (_, row) => pointOf(first + row));
      await place.call("PUT", `/collections/${name}/points?wait=true`, { points: some });
    }
    await indexed();
  }, 120_000);
  afterAll(() => place?.[Symbol.asyncDispose]());

  /** Waits until all vectors but a last few are in the graph. */
  async function indexed(): Promise<void> {
    for (let tries = 0; tries < 240; tries += 1) {
      const info = await place.call<{ status: string; indexed_vectors_count: number }>(
        "GET",
        `/collections/${name}`,
      );
      if (info.status === "green" && info.indexed_vectors_count >= 0.97 * points) return;
      await sleep(250);
    }
    throw new Error("The server has not finished indexing.");
  }

  const memory = async () =>
    memorySchema.parse(await place.call("GET", `/collections/${name}/memory`));

  it("vectors are what telemetry says, to the byte", async () => {
    const telemetry = z.object({
      collections: z.object({
        collections: z.array(
          z.object({
            id: z.string(),
            shards: z.array(
              z.object({
                local: z.object({
                  segments: z.array(
                    z.object({
                      info: z.object({
                        vectors_size_bytes: z.number(),
                        payloads_size_bytes: z.number(),
                      }),
                    }),
                  ),
                }),
              }),
            ),
          }),
        ),
      }),
    });
    const told = telemetry.parse(await place.call("GET", "/telemetry?details_level=10"));
    const own = told.collections.collections.find(({ id }) => id === name);
    const segments = own?.shards.flatMap(({ local }) => local.segments) ?? [];
    const sum = (of: (info: (typeof segments)[number]["info"]) => number) =>
      segments.reduce((total, { info }) => total + of(info), 0);
    const parts = footprintParts(input);
    expect(sum((info) => info.vectors_size_bytes)).toBe(parts.vectors);
    // The text is compressed: ours is the bound above, and not twice what there is.
    const payload = sum((info) => info.payloads_size_bytes);
    expect(payload).toBeLessThanOrEqual(parts.payload);
    expect(payload).toBeGreaterThan(parts.payload / 2);
  });

  it("links, ids and payload index are within 15 %, 15 % and a half of the server's figures", async () => {
    const { vectors, other, payload_index: indexes } = await memory();
    const parts = footprintParts(input);
    expect(vectors[0].index.disk_bytes / parts.links).toBeGreaterThan(0.85);
    expect(vectors[0].index.disk_bytes / parts.links).toBeLessThan(1.15);
    expect(other.id_tracker.ram_bytes / (points * 40)).toBeGreaterThan(0.85);
    expect(other.id_tracker.ram_bytes / (points * 40)).toBeLessThan(1.15);
    expect(indexes[0]?.usage.ram_bytes ?? 0).toBeGreaterThan(parts.payloadIndexes / 2);
    expect(indexes[0]?.usage.ram_bytes ?? 0).toBeLessThan(parts.payloadIndexes * 1.5);
  });

  it("disk is within 20 % of the server's, its log aside", async () => {
    const { total } = await memory();
    const logBytes = 64 * 1024 * 1024;
    const { diskBytes } = footprint(input);
    expect((diskBytes - logBytes) / total.disk_bytes).toBeGreaterThan(0.8);
    expect((diskBytes - logBytes) / total.disk_bytes).toBeLessThan(1.2);
  });

  it.each<[kind: string, Quantization, object]>([
    ["scalar", { kind: "scalar" }, { scalar: { type: "int8", always_ram: true } }],
    ["binary", { kind: "binary" }, { binary: { always_ram: true } }],
    [
      "turbo, 4 bits",
      { kind: "turbo", bits: "bits4" },
      { turbo: { bits: "bits4", always_ram: true } },
    ],
    [
      "product, x16",
      { kind: "product", compression: "x16" },
      { product: { compression: "x16", always_ram: true } },
    ],
  ])(
    "vectors quantized (%s) are within 15 %% of the server's memory for them",
    async (_, quantization, config) => {
      await place.call("PATCH", `/collections/${name}`, { quantization_config: config });
      const wanted = footprintParts({ ...input, quantization }).quantized;
      let found = 0;
      for (let tries = 0; tries < 100 && Math.abs(found / wanted - 1) > 0.15; tries += 1) {
        await sleep(200);
        await indexed();
        found = (await memory()).vectors[0].quantized?.ram_bytes ?? 0;
      }
      expect(found / wanted).toBeGreaterThan(0.85);
      expect(found / wanted).toBeLessThan(1.15);
    },
  );
});

/** A point whose neighbours and text nothing foretells: clustered vectors have fewer links, plain words are compressed. */
function pointOf(index: number): object {
  const vector = Array.from({ length: dimension }, () => Math.round(random() * 2e4 - 1e4) / 1e4);
  const payload = { category: `category ${index % categories}`, text: "" };
  const left = payloadBytes - JSON.stringify(payload).length;
  payload.text = Array.from({ length: left }, () =>
    String.fromCharCode(48 + Math.floor(random() * 74)),
  )
    .join("")
    .replaceAll("\\", "_");
  return { id: index, vector, payload };
}
