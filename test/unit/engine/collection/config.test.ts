import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../../src/engine/api.ts";
import {
  createConfig,
  decodeConfig,
  encodeConfig,
  readPatch,
  updateConfig,
} from "../../../../src/engine/collection/config.ts";
import { parseSigned, stringifyPlain } from "../../../../src/util/json.ts";

/** As the engine reads a body. */
const asRead = (body: unknown) => parseSigned(stringifyPlain(body)) as JsonObject;

describe("a collection's configuration", () => {
  it("comes back from its text as it was made and patched", () => {
    const made = createConfig(
      asRead({
        vectors: {
          a: { size: 4, distance: "Cosine", hnsw_config: { m: 8 }, on_disk: true },
          m: { size: 2, distance: "Dot", multivector_config: { comparator: "max_sim" } },
          q: { size: 2, distance: "Dot", quantization_config: { scalar: { type: "int8" } } },
        },
        sparse_vectors: { s: { modifier: "idf", index: { datatype: "float16", on_disk: true } } },
        shard_number: 2,
        on_disk_payload: false,
        hnsw_config: { payload_m: 4, inline_storage: true },
        wal_config: { wal_capacity_mb: 1 },
        optimizers_config: { max_optimization_threads: 2, memmap_threshold: 1000 },
        quantization_config: { binary: { always_ram: true } },
        strict_mode_config: { enabled: false, max_query_limit: 7 },
        metadata: { whole: 2n, float: 2.5, none: {} },
      }),
    );
    expect(decodeConfig(encodeConfig(made))).toEqual(made);
    const patched = updateConfig(
      made,
      readPatch(
        asRead({
          vectors: { a: { hnsw_config: { ef_construct: 9 }, quantization_config: "Disabled" } },
          sparse_vectors: { s: { modifier: "none" } },
          params: { replication_factor: 2, read_fan_out_factor: 3, read_fan_out_delay_ms: 4 },
          optimizers_config: { indexing_threshold: 0, prevent_unoptimized: true },
          hnsw_config: { m: 0 },
          quantization_config: "Disabled",
          strict_mode_config: { max_timeout: 3 },
          metadata: { float: null, more: [1n] },
        }),
      ),
    );
    expect(decodeConfig(encodeConfig(patched))).toEqual(patched);
  });
});

describe("the name `__proto__`", () => {
  it.each(["vectors", "sparse_vectors", "metadata"])("is refused in %s, not lost", (place) => {
    const body = JSON.parse(`{"${place}":{"__proto__":{"size":2,"distance":"Dot"}}}`);
    expect(() => createConfig(body)).toThrow("__proto__");
    expect(() => readPatch(body)).toThrow("__proto__");
  });
});
