import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { type Engine, openEngine, type PointColumns } from "../../../src/engine/index.ts";
import { isVectorError } from "../../../src/errors.ts";
import type { DenseColumn } from "../../../src/model/record.ts";
import { programText } from "../../support/programs.ts";
import { unnamed } from "../../support/vector-columns.ts";

function dense(
  dimension: number,
  data: readonly number[],
  present: readonly number[] | null = null,
): DenseColumn {
  return {
    kind: "dense",
    dimension,
    data: Float32Array.from(data),
    present: present === null ? null : Uint8Array.from(present),
  };
}

function points(ids: string[], column: DenseColumn, payloads?: (string | null)[]): PointColumns {
  return { ids, vectors: new Map([["", column]]), payloads: payloads ?? ids.map(() => null) };
}

async function statusOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
    return 200;
  } catch (error) {
    return isVectorError(error) ? (error.details["status"] ?? error.code) : error;
  }
}

const uuid = "550e8400-e29b-41d4-a716-446655440000";

async function withThree(engine: Engine): Promise<void> {
  await engine.createCollection("c", { vectors: { size: 2, distance: "Euclid" } });
  await engine.upsert(
    "c",
    points([uuid, "10", "9"], dense(2, [0, 0, 3, 4, 6, 8]), [
      '{"a": 1.0,"b":[ ]}',
      null,
      '{"a":1}',
    ]),
  );
}

describe("collections", () => {
  it("are made, described as a server of 1.18.2 does, listed and deleted", async () => {
    await using engine = await openEngine(":memory:");
    await engine.createCollection("c", {
      vectors: { size: 3, distance: "Cosine", on_disk: true },
      hnsw_config: { m: 0, payload_m: 16 },
      quantization_config: { scalar: { type: "int8", quantile: 0.99, always_ram: true } },
      metadata: { note: { format: 1 } },
      unknown: 1,
    });
    const described = await engine.getCollection("c");
    expect(described).toMatchObject({
      status: "green",
      optimizer_status: "ok",
      points_count: 0,
      payload_schema: {},
    });
    expect(described.config.params).toEqual({
      vectors: { size: 3, distance: "Cosine", on_disk: true },
      shard_number: 1,
      replication_factor: 1,
      write_consistency_factor: 1,
      on_disk_payload: true,
    });
    expect(described.config.hnsw_config).toEqual({
      m: 0,
      ef_construct: 100,
      full_scan_threshold: 10000,
      max_indexing_threads: 0,
      on_disk: false,
      payload_m: 16,
    });
    expect(described.config.metadata).toEqual({ note: { format: 1 } });
    await engine.createCollection("b", { vectors: {} });
    expect(await engine.listCollections()).toEqual(["b", "c"]);
    expect(await engine.deleteCollection("c")).toBe(true);
    expect(await engine.deleteCollection("c")).toBe(false);
    expect(await engine.collectionExists("c")).toBe(false);
  });

  it("take changes: metadata is merged, numbers of it keep their types", async () => {
    await using engine = await openEngine(":memory:");
    await engine.createCollection(
      "c",
      '{"vectors":{"size":3,"distance":"Dot"},"metadata":{"a":1,"b":2.0}}',
    );
    await engine.updateCollection("c", {
      metadata: { a: null, c: 3 },
      hnsw_config: { m: 5 },
      vectors: { "": { on_disk: true } },
    });
    expect(await engine.describeCollection("c")).toContain('"metadata":{"b":2.0,"c":3}');
    const { config } = await engine.getCollection("c");
    expect(config.hnsw_config["m"]).toBe(5);
    expect(config.params.vectors).toEqual({ size: 3, distance: "Dot", on_disk: true });
  });

  it("are refused with the statuses of Qdrant", async () => {
    await using engine = await openEngine(":memory:");
    const make = (name: string, size: number, distance = "Dot") =>
      statusOf(engine.createCollection(name, { vectors: { size, distance } }));
    expect(await make("c", 3)).toBe(200);
    expect(await make("c", 3)).toBe(409);
    expect(await make("d", 0)).toBe(400);
    expect(await make("d", 65_537)).toBe(422);
    expect(await make("d", 3, "cosine")).toBe(400);
    expect(await make("a?b", 3)).toBe(422);
    expect(await make("", 3)).toBe(422);
    expect(await make("x".repeat(256), 3)).toBe(422);
    expect(
      await statusOf(
        engine.createCollection("d", {
          vectors: { size: 3, distance: "Dot", datatype: "turbo4" },
        }),
      ),
    ).toBe(501);
    expect(await statusOf(engine.count("absent"))).toBe(404);
    expect(await statusOf(engine.upsert("absent", points(["1"], dense(3, [1, 2, 3]))))).toBe(404);
  });
});

describe("points", () => {
  it("come back as they were written: ids in canonical spelling, payload text and vectors untouched", async () => {
    await using engine = await openEngine(":memory:");
    await withThree(engine);
    const found = await engine.retrieve("c", ["9", "77", uuid.toUpperCase(), "9"], {
      withVector: true,
    });
    expect(found.ids).toEqual(["9", uuid]);
    expect(found.payloads).toEqual(['{"a":1}', '{"a": 1.0,"b":[ ]}']);
    expect(found.vectors.get("")).toEqual(dense(2, [6, 8, 0, 0]));
  });

  it("are scrolled in the order of ids, page by page: numbers by value, then UUIDs", async () => {
    await using engine = await openEngine(":memory:");
    await withThree(engine);
    await engine.upsert("c", points(["18446744073709551615"], dense(2, [1, 1])));
    const seen: string[] = [];
    let offset: string | undefined;
    do {
      const page = await engine.scroll("c", { limit: 2, offset });
      seen.push(...page.ids);
      offset = page.nextOffset ?? undefined;
    } while (offset !== undefined);
    expect(seen).toEqual(["9", "10", "18446744073709551615", uuid]);
  });

  it("are written over as a whole: payload and vectors that are not given are gone", async () => {
    await using engine = await openEngine(":memory:");
    await engine.createCollection("c", {
      vectors: { x: { size: 1, distance: "Dot" }, y: { size: 2, distance: "Dot" } },
    });
    await engine.upsert("c", {
      ids: ["1"],
      payloads: ['{"a":1}'],
      vectors: new Map([
        ["x", dense(1, [1])],
        ["y", dense(2, [2, 3])],
      ]),
    });
    await engine.upsert("c", {
      ids: ["1"],
      payloads: [null],
      vectors: new Map([["y", dense(2, [4, 5])]]),
    });
    const found = await engine.retrieve("c", ["1"], { withVector: true });
    expect(found.payloads).toEqual([null]);
    expect(found.vectors.get("x")?.present).toEqual(Uint8Array.of(0));
    expect(found.vectors.get("y")).toEqual(dense(2, [4, 5]));
    expect(
      (await engine.search("c", { using: "x", vector: Float32Array.of(1), limit: 5 })).ids,
    ).toEqual([]);
  });

  it("the last of two rows with one id stays", async () => {
    await using engine = await openEngine(":memory:");
    await engine.createCollection("c", { vectors: { size: 1, distance: "Dot" } });
    await engine.upsert("c", points(["1", "1"], dense(1, [1, 2]), ['{"a":1}', '{"a":2}']));
    expect(await engine.count("c")).toBe(1);
    expect(unnamed((await engine.retrieve("c", ["1"], { withVector: true })).vectors)).toEqual(
      Float32Array.of(2),
    );
  });

  it("are deleted by id and by filter, and their places are used again", async () => {
    await using engine = await openEngine(":memory:");
    await withThree(engine);
    await engine.deletePoints("c", { ids: ["10", "12345"] });
    await engine.deletePoints("c", { filter: { must: [{ key: "a", match: { value: 1 } }] } });
    expect((await engine.scroll("c")).ids).toEqual([uuid]);
    await engine.upsert("c", points(["1", "2", "3"], dense(2, [1, 1, 2, 2, 3, 3])));
    expect(unnamed((await engine.scroll("c", { withVector: true })).vectors)).toEqual(
      Float32Array.from([1, 1, 2, 2, 3, 3, 0, 0]),
    );
  });

  it("leave nothing behind where a batch is refused", async () => {
    await using engine = await openEngine(":memory:");
    await withThree(engine);
    const two = dense(2, [1, 1, 2, 2]);
    const calls = [
      engine.upsert("c", points(["1", "x"], two)),
      engine.upsert("c", points(["1", "2"], two, ["{}", "[1]"])),
      engine.upsert("c", points(["1", "2"], two, ["{}", '{"a":'])),
      engine.upsert("c", points(["1", "2"], dense(2, [1, 1, 2, Number.NaN]))),
      engine.upsert("c", points(["1"], dense(3, [1, 1, 2]))),
      engine.upsert("c", {
        ...points(["1"], dense(2, [1, 1])),
        vectors: new Map([["x", dense(2, [1, 1])]]),
      }),
    ];
    expect(await Promise.all(calls.map(statusOf))).toEqual([400, 400, 400, 400, 400, 400]);
    expect(await engine.count("c")).toBe(3);
  });

  it("leave the caller's arrays as they are", async () => {
    await using engine = await openEngine(":memory:");
    await engine.createCollection("c", { vectors: { size: 2, distance: "Cosine" } });
    const whole = Float32Array.from([9, 9, 3, 4, 9]);
    await engine.upsert(
      "c",
      points(["1"], { kind: "dense", dimension: 2, data: whole.subarray(2, 4), present: null }),
    );
    expect([...whole]).toEqual([9, 9, 3, 4, 9]);
    const stored = await engine.retrieve("c", ["1"], { withVector: true });
    expect([...(unnamed(stored.vectors) ?? [])]).toEqual([0.6, 0.8].map(Math.fround));
  });
});

describe("search", () => {
  it("gives the nearest first, with offset, threshold, filter and payload", async () => {
    await using engine = await openEngine(":memory:");
    await withThree(engine);
    const vector = Float32Array.of(0, 0);
    const all = await engine.search("c", { vector, limit: 10 });
    expect(all.ids).toEqual([uuid, "10", "9"]);
    expect([...all.scores]).toEqual([0, 5, 10]);
    expect((await engine.search("c", { vector, limit: 1, offset: 1 })).ids).toEqual(["10"]);
    expect((await engine.search("c", { vector, limit: 10, scoreThreshold: 10 })).ids).toEqual([
      uuid,
      "10",
    ]);
    const filter = { must_not: [{ has_id: [10] }] };
    expect((await engine.search("c", { vector, limit: 10, filter })).payloads).toEqual([
      '{"a": 1.0,"b":[ ]}',
      '{"a":1}',
    ]);
    expect(await statusOf(engine.search("c", { vector: Float32Array.of(1), limit: 1 }))).toBe(400);
    expect(await statusOf(engine.search("c", { vector, using: "x", limit: 1 }))).toBe(400);
  });
});

describe("an engine", () => {
  it("that is closed says so, and closing twice is harmless", async () => {
    const engine = await openEngine(":memory:");
    await engine.close();
    await engine.close();
    expect(await statusOf(engine.listCollections())).toBe("E_CLOSED");
  });

  it("ends a wait that is aborted with E_ABORTED", async () => {
    await using engine = await openEngine(":memory:");
    await withThree(engine);
    expect(await statusOf(engine.count("c", undefined, { signal: AbortSignal.abort() }))).toBe(
      "E_ABORTED",
    );
    const controller = new AbortController();
    const waiting = statusOf(engine.count("c", undefined, { signal: controller.signal }));
    controller.abort();
    expect(await waiting).toBe("E_ABORTED");
    await expect(openEngine(":memory:", { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "E_ABORTED",
    });
  });

  it("does not hold up the event loop while it scans", async () => {
    await using engine = await openEngine(":memory:");
    const [rows, dimension] = [20_000, 128];
    await engine.createCollection("c", { vectors: { size: dimension, distance: "Dot" } });
    const ids = Array.from({ length: rows }, (_unused, row) => String(row));
    const data = Float32Array.from({ length: rows * dimension }, Math.random);
    await engine.upsert(
      "c",
      points(
        ids,
        { kind: "dense", dimension, data, present: null },
        ids.map((id) => `{"n":${id}}`),
      ),
    );
    let turns = 0;
    const ticking = setInterval(() => {
      turns += 1;
    }, 1);
    const rounds = 5;
    for (let round = 0; round < rounds; round += 1) {
      await engine.search("c", {
        vector: data.subarray(0, dimension),
        limit: 10,
        filter: { must: [{ key: "n", range: { gte: 5 } }] },
      });
    }
    clearInterval(ticking);
    // A scan takes some 50 ms: on this thread there would be one turn between two of them.
    expect(turns).toBeGreaterThan(rounds * 5);
  });
});

describe("a column without a dimension", () => {
  it("is taken where no row has a vector, and refused where one has", async () => {
    await using engine = await openEngine(":memory:");
    await withThree(engine);
    const upsert = (present: readonly number[]) =>
      statusOf(engine.upsert("c", points(["9"], dense(0, [], present))));
    expect(await upsert([1])).toBe(400);
    const kept = await engine.retrieve("c", ["9"], { withVector: true });
    expect([...unnamed(kept.vectors)]).toEqual([6, 8]);
    expect(await upsert([0])).toBe(200);
  });
});

describe("a question that cannot be sent", () => {
  it("is refused, and keeps no process from its end", () => {
    const program = `
      import { openEngine } from ${JSON.stringify(new URL("../../../src/engine/index.ts", import.meta.url).href)};
      const engine = await openEngine(":memory:");
      const body = new Uint8Array(1);
      structuredClone(body, { transfer: [body.buffer] });
      const asked = { operation: "listCollections", collection: "", params: {}, body };
      await engine.ask(asked).catch((error) => console.log(error.name));
    `;
    const { stdout, signal } = spawnSync(process.execPath, programText(program), {
      timeout: 15_000,
    });
    expect([signal, stdout.toString()]).toEqual([null, "DataCloneError\n"]);
  }, 20_000);
});
