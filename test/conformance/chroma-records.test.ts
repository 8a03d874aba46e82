import { describe, expect, it } from "vitest";
import { openChromaRecords } from "../../src/adapters/chroma/index.ts";
import type { CollectionInfo } from "../../src/model/collection.ts";
import { denseVector } from "../../src/model/vector-column.ts";
import { type AddressOf, parseAddress } from "../../src/store/address.ts";
import type { RecordCollectionSpec } from "../../src/store/record-target.ts";
import { canonicalJson } from "../../src/util/canonical.ts";
import { defaultPlace, makeCollection, newPlace } from "../support/chroma-fill.ts";
import { type ChromaVersion, chromaAvailable, startChroma } from "../support/chroma-server.ts";

const versions: readonly ChromaVersion[] = ["1.5.9", "1.0.20", "0.6.3", "0.5.23", "0.4.24"];
const metadata = [
  '{"int":1,"float":2.0,"flag":true,"text":"nul \\u0000 é 🚢","max":9223372036854775807,"min":-9223372036854775808}',
  null,
  '{"float":0.1}',
];
const records = {
  ids: ["plain", "ключ 🚢", "nul \u0000 inside"],
  vectors: new Map([
    [
      "",
      {
        kind: "dense" as const,
        dimension: 3,
        data: Float32Array.of(1, 2, 3, 0.1, -1e-30, 0, 4, 5, 6),
        present: null,
      },
    ],
  ]),
  payload: { documents: ["a", null, ""], uris: [null, "s3://b/é", null], metadata },
};

const wanted = (name: string): RecordCollectionSpec => ({
  name,
  distance: "l2",
  dimension: 3,
  metadata: '{"mark":"1"}',
  configuration: null,
});

describe.each(versions)("Chroma %s", (version) => {
  const reason = chromaAvailable(version, true);
  if (reason !== null) console.log(`Skipped: ${reason}`);

  it.skipIf(reason !== null)(
    "keeps what the writer wrote, and drops it",
    async () => {
      await using server = await startChroma({ version });
      const { tenant, database } = version === "1.5.9" ? await newPlace(server) : defaultPlace;
      const address = parseAddress(
        `${server.url.replace("http", "chroma")}/${tenant}/${database}`,
      ) as AddressOf<"chroma">;
      await using writer = await openChromaRecords(address);
      const reader = writer;
      const { created, collection: made } = await writer.ensure(wanted("a-name-of-ours"));
      expect(created).toBe(true);
      expect(await writer.ensure(wanted("a-name-of-ours"))).toEqual({
        created: false,
        collection: made,
      });
      await writer.write(made, records);
      await writer.write(made, records);

      const info = (await reader.collections())[0] as CollectionInfo;
      expect(info).toMatchObject({ key: made.key, name: made.name, distance: "l2", dimension: 3 });
      expect(await reader.count(info)).toBe(3);
      const { batch } = await reader.read(info, records.ids);
      for (const [row, id] of records.ids.entries()) {
        const at = batch.ids.indexOf(id);
        expect(batch.payload.documents[at]).toBe(records.payload.documents[row]);
        expect(batch.payload.uris[at]).toBe(records.payload.uris[row]);
        expect(canonicalJson(batch.payload.metadata[at] ?? "{}")).toBe(
          canonicalJson(metadata[row] ?? "{}"),
        );
        const column = denseVector(batch);
        expect(column?.data.slice(at * 3, at * 3 + 3)).toEqual(
          denseVector(records)?.data.slice(row * 3, row * 3 + 3),
        );
      }
      // What stands there goes, document, uri and keys of the metadata, where the next one has none.
      const bare = { documents: [null, "b", null], uris: [null, null, null] };
      const changed = ['{"int":2}', '{"__proto__":1}', null];
      await writer.write(made, { ...records, payload: { ...bare, metadata: changed } });
      const after = await reader.read(info, records.ids);
      for (const [row, id] of records.ids.entries()) {
        const at = after.batch.ids.indexOf(id);
        const { documents, metadata: texts, uris } = after.batch.payload;
        expect([documents[at], uris[at]]).toEqual([bare.documents[row], null]);
        expect(canonicalJson(texts[at] ?? "{}")).toBe(canonicalJson(changed[row] ?? "{}"));
      }
      await writer.drop(made.name);
      expect(await reader.collections()).toEqual([]);
      await makeCollection(server, { tenant, database }, made.name, { mark: "another" });
      const other = await writer.ensure(wanted(made.name));
      expect(other).toMatchObject({
        created: false,
        collection: { metadata: '{"mark":"another"}' },
      });
    },
    60_000,
  );
});

const newest = chromaAvailable("1.5.9", true);
describe("a collection that is dropped", () => {
  it.skipIf(newest !== null)("leaves no lists behind for records of others", async () => {
    await using server = await startChroma({ version: "1.5.9" });
    const { tenant, database } = await newPlace(server);
    const text = `${server.url.replace("http", "chroma")}/${tenant}/${database}`;
    const address = parseAddress(text) as AddressOf<"chroma">;
    await using writer = await openChromaRecords(address);
    const make = async (name: string) => (await writer.ensure(wanted(name))).collection;
    const withMetadata = (text: string) => ({
      ...records,
      payload: { ...records.payload, metadata: [text, text, text] },
    });
    const [kept, dropped] = [await make("kept"), await make("dropped")];
    await writer.write(dropped, withMetadata('{"secret":["of another"]}'));
    await writer.drop("dropped");
    await writer.write(kept, withMetadata('{"n":1}'));
    const [info] = await writer.collections();
    const { batch } = await writer.read(info as CollectionInfo, records.ids);
    expect(batch.payload.metadata).toEqual(['{"n":1}', '{"n":1}', '{"n":1}']);
  });
});
