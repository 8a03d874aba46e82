/** Faults that existing tools have when they copy: what a record is, which collection is meant, which distance holds. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FixtureRecord } from "../../src/testing/index.ts";
import { askChroma, chromaAddress, faultless } from "../support/chroma-answers.ts";
import { addRecords, makeCollection, newPlace, type Place } from "../support/chroma-fill.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { type Ended, runCli, temporaryFolder } from "../support/cli.ts";
import { judge, readPoints } from "../support/judge.ts";
import { startProxy } from "../support/proxy.ts";
import { type QdrantPlace, qdrantKinds, serveFolder } from "../support/qdrant-places.ts";

const noChroma = chromaAvailable();
const debian = resolve(import.meta.dirname, "../../../shared/data/debian.jsonl.gz");

const uuid = "c0ffee00-1111-4222-8333-444444abcdef";
const bare = uuid.replaceAll("-", "");
const spellings = [uuid, uuid.toUpperCase(), bare, `{${uuid}}`, `urn:uuid:${uuid}`];
const ownKeys =
  '{"document":"mine","_vecferry":"mine","tenant_id":"mine","id":"mine","page_content":"mine","metadata":"mine"}';

function record(index: number, fields: Partial<FixtureRecord> = {}): FixtureRecord {
  const vector = [index + 1, index * 0.5 - 3, 0.25];
  return { id: `r${index}`, vector, document: null, uri: null, metadata: null, ...fields };
}

/** Every collection that a tool has stumbled over, by what is odd about it. */
const collections = {
  mixed: [
    record(0, { document: "A line." }),
    record(1),
    record(2, { document: "", metadata: '{"n":2}' }),
  ],
  undocumented: Array.from({ length: 20 }, (_, index) => record(index)),
  lists: [
    record(0, { metadata: '{"tags":["a","b"],"ints":[1,9007199254740993],"f":[1.0,2.5]}' }),
    record(1, { document: "x", metadata: '{"flags":[true,false],"n":1}' }),
  ],
  numbers: [
    record(0, { metadata: '{"big":9007199254740993,"min":-9223372036854775808}' }),
    record(1, { metadata: '{"float":2.0,"int":2,"tenth":0.1}' }),
  ],
  debian: existsSync(debian) ? debianRecords(1000) : [record(0)],
  spellings: spellings.map((id, index) => record(index, { id, document: id })),
  keys: [record(0, { document: "theirs", metadata: ownKeys }), record(1, { id: "id" })],
} satisfies Record<string, FixtureRecord[]>;
type Odd = keyof typeof collections;

describe.skipIf(noChroma)(`copying from a Chroma server${noChroma ? `: ${noChroma}` : ""}`, () => {
  let chroma: ChromaServer;
  beforeAll(async () => {
    chroma = await startChroma();
  });
  afterAll(() => chroma?.[Symbol.asyncDispose]());

  /** Makes a collection that holds these records; gives its key. */
  async function fill(place: Place, name: string, records: readonly FixtureRecord[]) {
    const key = await makeCollection(chroma, place, name);
    await addRecords(chroma, place, key, records);
    return key;
  }

  describe.each(qdrantKinds)("to the $name", ({ skip, start }) => {
    let qdrant: QdrantPlace;
    let place: Place;
    let ended: Ended;
    const made = new Map<Odd, { name: string; key: string }>();

    const migrate = async (...flags: string[]): Promise<Ended> => {
      using folder = temporaryFolder();
      const args = ["migrate", chromaAddress(chroma.url, place), qdrant.url, ...flags];
      return await runCli(args, { cwd: folder.path, env: qdrant.env });
    };
    const nameOf = (odd: Odd): string => made.get(odd)?.name ?? "";

    beforeAll(async () => {
      if (skip) return;
      qdrant = await start();
      place = await newPlace(chroma);
      for (const odd of Object.keys(collections) as Odd[]) {
        const name = qdrant.unique(odd);
        made.set(odd, { name, key: await fill(place, name, collections[odd]) });
      }
      ended = await migrate();
    });
    afterAll(() => qdrant?.[Symbol.asyncDispose]());

    it.skipIf(skip)("ends well, with nothing to warn of", () => {
      expect(ended).toMatchObject({ status: 0, stderr: "" });
    });

    it.skipIf(skip).each<[string, Odd]>([
      ["1: a record without a document among others arrives, and so do they", "mixed"],
      ["1: a collection without any document arrives", "undocumented"],
      ["1: list metadata arrives", "lists"],
      ["2: 2^53+1 keeps its last digit, 2.0 stays 2.0 and 2 stays 2", "numbers"],
      ["3: ids that are one UUID in five spellings are five points", "spellings"],
      ["4: metadata keys that are like our own stay what they are", "keys"],
    ])("%s", async (_, odd) => {
      const answers = await askChroma(chroma, place, made.get(odd)?.key ?? "");
      const count = collections[odd].length;
      expect(answers.ids).toHaveLength(count);
      const verdict = await judge(qdrant, nameOf(odd), answers, { cosine: false });
      expect(verdict).toMatchObject({ ...faultless, components: count * 3 });
      expect(await readPoints(qdrant, nameOf(odd))).toHaveLength(count);
    });

    it.skipIf(skip || !existsSync(debian))(
      `2: integers of real data are found by match, each as often as it is there${existsSync(debian) ? "" : " (no ../shared/data)"}`,
      async () => {
        const texts = collections.debian.map(({ metadata }) => metadata ?? "");
        const sizes = texts.map((text) => JSON.parse(text).installed_size);
        for (const value of new Set(sizes.slice(0, 20))) {
          const filter = { must: [{ key: "metadata.installed_size", match: { value } }] };
          const path = `/collections/${nameOf("debian")}/points/count`;
          const wanted = sizes.filter((size) => size === value).length;
          expect(await qdrant.call("POST", path, { filter, exact: true })).toEqual({
            count: wanted,
          });
        }
      },
    );

    const only = (odd: Odd, target: string): string[] => [
      "--chromadb-collections",
      nameOf(odd),
      "--rename",
      `${nameOf(odd)}=${target}`,
    ];

    it.skipIf(skip)("4: and in the layout langchain", async () => {
      const target = qdrant.unique("langchain");
      expect((await migrate("--layout", "langchain", ...only("keys", target))).status).toBe(0);
      const points = await readPoints(qdrant, target);
      expect(points.map(({ payload }) => payload)).toContainEqual(
        expect.objectContaining({
          page_content: "theirs",
          metadata: JSON.parse(ownKeys),
          _vecferry: expect.objectContaining({ id: "r0" }),
        }),
      );
    });

    it.skipIf(skip).each(["flat", "llamaindex"])(
      "4: in the layout %s such a key is refused before anything is written, with the flag that helps",
      async (layout) => {
        const target = qdrant.unique(layout);
        const { status, stderr } = await migrate("--layout", layout, ...only("keys", target));
        expect(stderr).toContain("[E_RESERVED_KEY]");
        expect(stderr).toContain('"r0"');
        expect(stderr).toContain("--layout vecferry");
        expect(status).toBe(2);
        const path = `/collections/${target}/exists`;
        expect(await qdrant.call("GET", path)).toEqual({ exists: false });
      },
    );
  });

  it("5: the same name in another tenant, database or target is copied there too", async () => {
    using folder = temporaryFolder();
    const first = await newPlace(chroma);
    const second = { ...first, database: `d-${crypto.randomUUID()}` };
    const tenantUrl = `${chroma.url}/api/v2/tenants/${first.tenant}/databases`;
    await fetch(tenantUrl, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: second.database }),
    });
    const third = await newPlace(chroma);
    for (const [at, each] of [first, second, third].entries()) {
      await fill(each, "same", [record(0, { document: `of ${at}` }), record(1)]);
    }
    // The same journal for all; the last run is the first source again, to another target.
    const runs = [first, second, third, first].entries();
    for (const [at, each] of runs) {
      const args = ["migrate", chromaAddress(chroma.url, each), `embedded:./q${at}`];
      const { status, stdout } = await runCli(args, { cwd: folder.path });
      expect(status).toBe(0);
      expect(stdout).toContain("2 records carried");
      await using qdrant = await serveFolder(join(folder.path, `q${at}`));
      const points = await readPoints(qdrant, "same");
      const source = at === 3 ? 0 : at;
      expect(points.map(({ payload }) => payload["document"]).sort()).toEqual(
        [`of ${source}`, null].sort(),
      );
    }
  });

  it("7: a misspelt collection name is an error, and the source is only ever read", async () => {
    using folder = temporaryFolder();
    const each = await newPlace(chroma);
    await fill(each, "letters", [record(0)]);
    await using proxy = await startProxy(chroma.url);
    const source = chromaAddress(proxy.url, each);
    const list = async (): Promise<unknown> =>
      (
        await fetch(
          `${chroma.url}/api/v2/tenants/${each.tenant}/databases/${each.database}/collections`,
        )
      ).json();
    const before = await list();
    const names = ["--chromadb-collections", "leters"];
    const wrong = await runCli(["migrate", source, "embedded:./q", ...names], {
      cwd: folder.path,
    });
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain("[E_COLLECTION_NOT_FOUND]");
    expect(wrong.stderr).toContain('"letters"');
    const right = await runCli(["migrate", source, "embedded:./q"], { cwd: folder.path });
    expect(right.status).toBe(0);
    expect(await list()).toEqual(before);
    const reading = /\/(get|query)$/;
    expect(
      proxy.requests.filter(({ method, path }) => method !== "GET" && !reading.test(path)),
    ).toEqual([]);
  });
});

function debianRecords(count: number): FixtureRecord[] {
  const lines = gunzipSync(readFileSync(debian)).toString().split("\n", count);
  return lines.map((line, index) => {
    const { id, document, metadata } = JSON.parse(line);
    return record(index, { id, document, metadata: JSON.stringify(metadata) });
  });
}
