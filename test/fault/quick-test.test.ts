/** A quick test leaves nothing behind, whatever fails; and takes nothing away that is not a quick test's. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openChromaFolder } from "../../src/adapters/chroma-folder/index.ts";
import { openEmbedded } from "../../src/adapters/qdrant/index.ts";
import { VectorError } from "../../src/errors.ts";
import { newMark, parseName, sourceMark } from "../../src/migrate/quick-test/mark.ts";
import {
  type QuickTestOutcome,
  type QuickTestRequest,
  runQuickTest,
} from "../../src/migrate/quick-test/quick-test.ts";
import type { MigrateEvent } from "../../src/migrate/request.ts";
import { defaultRequest } from "../../src/migrate/request.ts";
import type { CollectionInfo, CollectionSpec } from "../../src/model/collection.ts";
import { denseVector } from "../../src/model/vector-column.ts";
import type { Hit, SourceStore, TargetStore } from "../../src/store/port.ts";
import type { RecordTarget } from "../../src/store/record-target.ts";
import { batchOf, testSpec } from "../../src/testing/target-records.ts";
import { unpackRecorded } from "../support/fixtures.ts";
import { overridden } from "../support/overridden.ts";

interface Ends extends AsyncDisposable {
  readonly source: SourceStore;
  readonly target: TargetStore;
}

async function openEnds(): Promise<Ends> {
  const folder = await unpackRecorded("1.5.9");
  const source = await openChromaFolder(folder.path, { tenant: "default_tenant" });
  const target = await openEmbedded(":memory:");
  return {
    source,
    target,
    async [Symbol.asyncDispose]() {
      await target[Symbol.asyncDispose]();
      await source[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function request(...collections: string[]): QuickTestRequest {
  const scope = { ...defaultRequest.scope, limit: 20 };
  const named = collections.length === 0 ? {} : { collections };
  return { scope: { ...scope, ...named }, layout: null, distance: null, flags: "" };
}

async function run(
  { source, target }: Ends,
  {
    writer = null,
    signal = new AbortController().signal,
    onEvent = () => undefined,
  }: {
    writer?: RecordTarget | null;
    signal?: AbortSignal;
    onEvent?: (event: MigrateEvent) => void;
  } = {},
): Promise<QuickTestOutcome> {
  return runQuickTest(source, target, writer, request("angles"), { signal, onEvent });
}

/** What quick tests have left at the target and in the folder of temporary files; those of other processes not counted. */
async function leftAt(target: TargetStore): Promise<string[]> {
  return (await target.collections()).map(({ name }) => name);
}

const folders = (): string[] => readdirSync(tmpdir()).filter((name) => parseName(name) !== null);

const broken = new VectorError("E_STORAGE", "No more of this.");
const refuse = async (): Promise<never> => {
  throw broken;
};

describe("a quick test", () => {
  it("moves, verifies, searches, filters and removes, and keeps nothing", async () => {
    await using ends = await openEnds();
    const outcome = await run(ends);
    expect(outcome).toMatchObject({ ready: true, exit: 0, notRemoved: [], leftovers: [] });
    const [test] = outcome.collections;
    expect(test).toMatchObject({ name: "angles", moved: 20, verified: 20, faults: [] });
    expect(test?.search.queries).toBe(20);
    expect(test?.search.filters.length).toBeGreaterThan(1);
    expect(await leftAt(ends.target)).toEqual([]);
    expect(existsSync(join(tmpdir(), outcome.name))).toBe(false);
  });

  it.each(["ensure", "write", "scan", "search"] as const)(
    "removes its collection when the target's %s fails",
    async (method) => {
      await using ends = await openEnds();
      const failing =
        method === "scan"
          ? { scan: () => ({ [Symbol.asyncIterator]: () => ({ next: refuse }) }) }
          : { [method]: refuse };
      const target = overridden(ends.target, failing);
      await expect(run({ ...ends, target })).rejects.toBe(broken);
      expect(await leftAt(ends.target)).toEqual([]);
    },
  );

  it.each(["plan", "list", "copy", "verify", "verify-source"])(
    "removes its collection when it is interrupted at %s",
    async (phase) => {
      await using ends = await openEnds();
      const abort = new AbortController();
      const onEvent = (event: MigrateEvent) => {
        if (event.type === "phase" && event.phase === phase) abort.abort();
      };
      const running = run(ends, { signal: abort.signal, onEvent });
      await expect(running).rejects.toMatchObject({ code: "E_ABORTED" });
      expect(await leftAt(ends.target)).toEqual([]);
    },
  );

  it("is not ready where no record can be carried", async () => {
    await using ends = await openEnds();
    const source = overridden(ends.source, {
      read: async (...asked) => {
        const found = await ends.source.read(...asked);
        denseVector(found.batch)?.data.fill(0);
        return found;
      },
    });
    const outcome = await run({ ...ends, source });
    expect(outcome).toMatchObject({ ready: false, exit: 1 });
    expect(outcome.collections[0]).toMatchObject({ moved: 0, quarantined: { "zero-vector": 20 } });
    expect(await leftAt(ends.target)).toEqual([]);
  });

  it("says what it could not remove, and is not ready", async () => {
    await using ends = await openEnds();
    const told: MigrateEvent[] = [];
    const target = overridden(ends.target, { remove: refuse });
    const outcome = await run({ ...ends, target }, { onEvent: (event) => told.push(event) });
    expect(outcome).toMatchObject({ ready: false, exit: 1 });
    expect(outcome.notRemoved).toEqual([expect.stringContaining("No more of this.")]);
    expect(told).toContainEqual({ type: "note", text: outcome.notRemoved[0] });
    expect(await leftAt(ends.target)).toEqual([outcome.name]);
  });

  it.each([
    ["finds nothing", () => []],
    ["finds another", (hits: Hit[]) => hits.map((hit) => ({ ...hit, id: `${hit.id}x` }))],
    ["counts otherwise", (hits: Hit[]) => hits.map((hit) => ({ ...hit, distance: 0.7 }))],
  ])("is not ready where a search %s", async (_, change) => {
    await using ends = await openEnds();
    const target = overridden(ends.target, {
      search: async (...asked) => change(await ends.target.search(...asked)),
    });
    const outcome = await run({ ...ends, target });
    expect(outcome).toMatchObject({ ready: false, exit: 4 });
    expect(outcome.collections[0]?.faults.length).toBeGreaterThan(0);
    expect(await leftAt(ends.target)).toEqual([]);
  });

  it("is not ready where a filter lets everything through", async () => {
    await using ends = await openEnds();
    const target = overridden(ends.target, {
      search: (info, vector, { filter: _, ...options }) =>
        ends.target.search(info, vector, options),
    });
    const outcome = await run({ ...ends, target });
    expect(outcome.exit).toBe(4);
    expect(outcome.collections[0]?.faults.join()).toMatch(
      /filter on "\w+" lets \d+ others through/,
    );
  });

  it("is not ready where the target changes what it is given", async () => {
    await using ends = await openEnds();
    const target = overridden(ends.target, {
      write: (spec: CollectionSpec, batch, options) => {
        const documents = batch.payload.documents.map((text) => text && `${text} `);
        const payload = { ...batch.payload, documents };
        return ends.target.write(spec, { ...batch, payload }, options);
      },
    });
    const outcome = await run({ ...ends, target });
    expect(outcome).toMatchObject({ ready: false, exit: 4 });
    expect(outcome.collections[0]?.faults[0]).toContain("changed-at-target");
  });
});

/** Makes what a quick test would have left that died long ago on another machine. */
async function leave(target: TargetStore, source: SourceStore, begun: Date, run?: string) {
  const mark = newMark(source, target, begun);
  const note = { key: "k", name: "n", tenant: null, database: null, mappedTenant: null };
  const rest = { idPrefix: null, distance: "cosine", metadata: null, configuration: null } as const;
  const sources = [{ run: run ?? mark.run, ...note, ...rest, schema: null }];
  const spec = { ...testSpec({ distance: "cosine" }), name: mark.name, sources };
  await target.ensure(spec);
  return { mark, spec };
}

const longAgo = new Date(Date.now() - 2 * 3_600_000);
const vector = [1, 0, 0];

describe("what quick tests have left", () => {
  it("is removed by the next one where it is marked, and old or its process is gone", async () => {
    await using ends = await openEnds();
    const { mark, spec } = await leave(ends.target, ends.source, longAgo);
    await ends.target.write(spec, batchOf([{ id: "a", vector, run: mark.run }]));
    const young = await leave(ends.target, ends.source, new Date());
    mkdirSync(join(tmpdir(), young.mark.name));
    writeFileSync(join(tmpdir(), young.mark.name, "lock"), "999999999 gone/1\n");
    const outcome = await run(ends);
    expect(outcome.leftovers.map(({ removed }) => removed)).toEqual([true, true]);
    expect(await leftAt(ends.target)).toEqual([]);
    expect(folders()).not.toContain(young.mark.name);
  });

  it("stays while its process may be at work", async () => {
    await using ends = await openEnds();
    const { mark } = await leave(ends.target, ends.source, new Date());
    const outcome = await run(ends);
    expect(outcome.leftovers).toMatchObject([{ name: mark.name, removed: false }]);
    expect(await leftAt(ends.target)).toEqual([mark.name]);
  });

  it("is nothing that only bears the name", async () => {
    await using ends = await openEnds();
    const other = await leave(ends.target, ends.source, longAgo, "0123456789abcdef");
    const { mark, spec } = await leave(ends.target, ends.source, longAgo);
    await ends.target.write(spec, batchOf([{ id: "mine", vector }]));
    const outcome = await run(ends);
    expect(outcome).toMatchObject({ ready: true });
    const reasons = outcome.leftovers.map(({ reason }) => reason);
    expect(reasons).toEqual(Array(2).fill("it does not bear a quick test's mark"));
    expect(await leftAt(ends.target)).toEqual([mark.name, other.mark.name].sort());
  });
});

describe("what quick tests have left where a server keeps no notes", () => {
  it("is told by its points alone, and stays where there are none", async () => {
    await using ends = await openEnds();
    const full = await leave(ends.target, ends.source, longAgo);
    await ends.target.write(full.spec, batchOf([{ id: "a", vector, run: full.mark.run }]));
    const empty = await leave(ends.target, ends.source, longAgo);
    const target = overridden(ends.target, {
      capabilities: { ...ends.target.capabilities, notes: false },
      collections: async (options) =>
        (await ends.target.collections(options)).map((info) => ({ ...info, note: null })),
    });
    const outcome = await run({ ...ends, target });
    expect(outcome).toMatchObject({ ready: true });
    expect(await leftAt(ends.target)).toEqual([empty.mark.name]);
  });
});

/** A source that is asked nothing. */
const silent: SourceStore = {
  identity: { kind: "chroma", address: "x", tenant: "t", database: "d", version: null },
  capabilities: {
    batchSizeMax: null,
    bodyBytesMax: null,
    concurrency: 1,
    live: true,
    where: true,
    vectorUlps: 2,
    notes: false,
  },
  collections: refuse,
  count: refuse,
  ids: () => {
    throw broken;
  },
  read: refuse,
  search: refuse,
  [Symbol.asyncDispose]: async () => undefined,
};

const listed: CollectionInfo = {
  key: "k",
  name: "",
  tenant: "t",
  database: "d",
  dimension: null,
  distance: "l2",
  distanceFrom: "default",
  count: null,
  metadata: null,
  configuration: null,
  schema: null,
  status: null,
  note: null,
};

describe("a quick test that writes the source", () => {
  /** A writer into nothing, that notes what it was asked. */
  function noted(methods: Partial<RecordTarget> = {}): { writer: RecordTarget; asked: string[] } {
    const asked: string[] = [];
    const writer: RecordTarget = {
      ...silent,
      assertName: () => undefined,
      ensure: async ({ name, metadata }) => {
        asked.push(`make ${name}`);
        return { created: true, collection: { ...listed, name, metadata } };
      },
      faults: async () => [],
      nearest: (batch) => batch,
      write: async () => {
        asked.push("write");
      },
      remove: refuse,
      drop: async (name) => {
        asked.push(`drop ${name}`);
      },
      ...methods,
    };
    return { writer, asked };
  }

  it.each([
    ["cannot be made", { ensure: refuse }],
    ["cannot be filled", { write: refuse }],
    ["is not listed afterwards", {}],
  ])("drops its collection when it %s", async (_, methods) => {
    await using ends = await openEnds();
    const { writer, asked } = noted(methods);
    await expect(run(ends, { writer })).rejects.toThrow();
    expect(parseName(asked.at(-1)?.replace("drop ", "") ?? "")).not.toBeNull();
  });

  it("drops what earlier ones have left there, by its mark alone", async () => {
    await using ends = await openEnds();
    const marks = [1, 2].map(() => newMark(ends.source, ends.target, longAgo));
    const [ours, theirs] = marks;
    const info = (await ends.source.collections())[0] as CollectionInfo;
    const source = overridden(ends.source, {
      collections: async () => [
        { ...info, name: ours?.name ?? "", metadata: `{"${sourceMark}":"${ours?.run}"}` },
        { ...info, name: theirs?.name ?? "", metadata: '{"theirs":true}' },
      ],
    });
    const { writer, asked } = noted({ ensure: refuse });
    await expect(run({ ...ends, source }, { writer })).rejects.toBe(broken);
    expect(asked[0]).toBe(`drop ${ours?.name}`);
    expect(asked.join()).not.toContain(theirs?.name);
    await expect(run({ ...ends, source })).rejects.toMatchObject({
      code: "E_COLLECTION_NOT_FOUND",
    });
  });
});
