/** Archives with faults: bytes that changed, files that are gone, and manifests of others are refused before anything is read. */
import { appendFile, copyFile, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openArchive } from "../../src/adapters/archive/index.ts";
import { connectSource } from "../../src/open.ts";
import { archiveRecords, makeArchive, smallBounds } from "../support/archive-scene.ts";
import { temporaryFolder, type UnpackedFolder } from "../support/fixtures.ts";

const part = "0001-docs/part-0002.parquet";

interface Scene extends UnpackedFolder {
  readonly archive: string;
}

async function scene(): Promise<Scene> {
  const folder = await temporaryFolder();
  const docs = { name: "docs", distance: "l2", dimension: 3, records: archiveRecords(60) } as const;
  const { path } = await makeArchive(folder.path, [docs], smallBounds);
  return { ...folder, archive: path };
}

async function change(path: string, by: (bytes: Buffer) => void): Promise<void> {
  const bytes = await readFile(path);
  by(bytes);
  await writeFile(path, bytes);
}

/** Replaces a value of the manifest. */
async function edit(archive: string, from: string | RegExp, to: string): Promise<void> {
  const path = join(archive, "manifest.json");
  const text = await readFile(path, "utf8");
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  await writeFile(path, changed);
}

async function refusal(archive: string): Promise<unknown> {
  return openArchive(archive).then(
    () => "opened",
    (error: unknown) => error,
  );
}

describe("an archive with a fault", () => {
  it.each([
    ["the first byte", () => 0],
    ["a vector or a text", (size: number) => Math.floor(size / 3)],
    ["the footer", (size: number) => size - 40],
    ["the last byte", (size: number) => size - 1],
  ])("is refused where a bit is flipped in %s of a part", async (_where, place) => {
    await using folder = await scene();
    await change(join(folder.archive, part), (bytes) => {
      const at = place(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
    });
    expect(await refusal(folder.archive)).toMatchObject({
      code: "E_ARCHIVE_DAMAGED",
      message: expect.stringContaining(`${part} was changed`),
      exit: 1,
      details: { file: part },
    });
  });

  it("is refused where any byte of the manifest is another, but for white space", async () => {
    await using folder = await scene();
    const path = join(folder.archive, "manifest.json");
    const text = await readFile(path);
    for (let at = 0; at < text.length; at += 7) {
      if (/\s/.test(String.fromCharCode(text[at] ?? 0))) continue;
      const bytes = Buffer.from(text);
      bytes[at] = (bytes[at] ?? 0) ^ 2;
      await writeFile(path, bytes);
      const code = expect.stringMatching(/^E_(NO_ARCHIVE|ARCHIVE_(DAMAGED|FORMAT))$/);
      expect(await refusal(folder.archive), `byte ${at}`).toMatchObject({ code });
    }
  });

  it.each([
    ["is short", (path: string) => truncate(path, 500), "is short: it has 500 bytes of"],
    ["is missing", (path: string) => rm(path), "is missing"],
    ["has grown", (path: string) => appendFile(path, "x"), "is longer than it was"],
  ])("is refused where a part %s", async (_what, spoil, words) => {
    await using folder = await scene();
    await spoil(join(folder.archive, part));
    expect(await refusal(folder.archive)).toMatchObject({
      code: "E_ARCHIVE_DAMAGED",
      message: expect.stringContaining(`${part} ${words}`),
    });
  });

  it("is refused where a Parquet file stands in it that it did not write, and no other file", async () => {
    await using folder = await scene();
    await writeFile(join(folder.archive, "0001-docs", ".DS_Store"), "x");
    await using _store = await openArchive(folder.archive);
    const stranger = "0001-docs/part-9999.parquet";
    await copyFile(join(folder.archive, part), join(folder.archive, stranger));
    expect(await refusal(folder.archive)).toMatchObject({
      code: "E_ARCHIVE_DAMAGED",
      message: expect.stringContaining(`${stranger} is none of its files`),
    });
  });

  it("is refused where a later vecferry wrote it", async () => {
    await using folder = await scene();
    await edit(folder.archive, '"format": 2', '"format": 3');
    expect(await refusal(folder.archive)).toMatchObject({
      code: "E_ARCHIVE_FORMAT",
      message: expect.stringContaining("has format 3; this vecferry reads 2"),
      next: expect.stringContaining("Use the vecferry that wrote the archive"),
    });
  });

  it.each([
    ["a number for a text", '"name": "docs"', '"name": 7', "collections.0.info.name"],
    [
      "a distance that is none",
      '"distance": "l2"',
      '"distance": "x"',
      "collections.0.info.distance",
    ],
    ["a negative count", /"rows": \d+/, '"rows": -1', "collections.0.parts.0.rows"],
    ["a path out of it", "0001-docs/part", "../docs/part", "collections.0.parts.0.file"],
  ])(
    "is refused with the field's name where its manifest has %s",
    async (_what, from, to, field) => {
      await using folder = await scene();
      await edit(folder.archive, from, to);
      expect(await refusal(folder.archive)).toMatchObject({
        code: "E_ARCHIVE_DAMAGED",
        message: expect.stringContaining(`manifest.json: ${field}: `),
        details: { field },
      });
    },
  );

  it("is none where it has no manifest, another's, or is not there", async () => {
    await using folder = await scene();
    const path = join(folder.archive, "manifest.json");
    await writeFile(path, '{"name":"a web page"}');
    expect(await refusal(folder.archive)).toMatchObject({ code: "E_NO_ARCHIVE", exit: 2 });
    await writeFile(path, "not JSON");
    expect(await refusal(folder.archive)).toMatchObject({ code: "E_ARCHIVE_DAMAGED" });
    await rm(path);
    expect(await refusal(folder.archive)).toMatchObject({ code: "E_NO_ARCHIVE" });
    expect(await refusal(join(folder.path, "nothing"))).toMatchObject({ code: "E_NO_ARCHIVE" });
  });

  it("is refused as a source too, and is as it was after", async () => {
    await using folder = await scene();
    const file = join(folder.archive, part);
    await truncate(file, 100);
    await expect(connectSource(`archive:${folder.archive}`)).rejects.toMatchObject({
      code: "E_ARCHIVE_DAMAGED",
    });
    expect((await stat(file)).size).toBe(100);
  });
});
