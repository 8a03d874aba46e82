/**
 * Round trips: Chroma → Qdrant → Chroma and Chroma → archive → Chroma, of the recorded folders of every version, and of the larger ones
 * where they are on this machine and VECFERRY_LONG is set. Every record is compared with what the folder's own server had answered, asked for by plain HTTP.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openChromaRecords } from "../../src/adapters/chroma/index.ts";
import { openChromaFolder } from "../../src/adapters/chroma-folder/index.ts";
import { openEmbedded } from "../../src/adapters/qdrant/index.ts";
import { runBackup } from "../../src/migrate/backup/backup.ts";
import { runExport } from "../../src/migrate/export/export.ts";
import { defaultExport } from "../../src/migrate/export/request.ts";
import type { Outcome } from "../../src/migrate/report.ts";
import { runMigrate } from "../../src/migrate/run.ts";
import type { SourceStore } from "../../src/store/port.ts";
import type { RecordTarget } from "../../src/store/record-target.ts";
import { archivePlace, backupRequest } from "../support/archives.ts";
import { askChroma } from "../support/chroma-answers.ts";
import { collectionsUrl, newPlace, type Place, send } from "../support/chroma-fill.ts";
import {
  type ChromaServer,
  type ChromaVersion,
  chromaAvailable,
  startChroma,
} from "../support/chroma-server.ts";
import { fakeContext, migrateRequest } from "../support/fake-migration.ts";
import {
  recordedVersions,
  sharedFolders,
  sharedNames,
  sharedVersions,
  type UnpackedFolder,
  unpack,
  unpackRecorded,
} from "../support/fixtures.ts";
import { type Answers, readAnswers } from "../support/judge.ts";
import { backAgain, realigned } from "../support/there-and-back.ts";

/** A folder, and what its server answered by `tenant/database/name`. */
interface Recorded {
  readonly title: string;
  readonly version: ChromaVersion;
  /** Whether it is small. */
  readonly quick: boolean;
  open(): Promise<{
    readonly folder: UnpackedFolder;
    readonly path: string;
    readonly answers: Map<string, Answers>;
  }>;
}

const fixtures = join(import.meta.dirname, "../fixtures/chroma");
const isLong = process.env["VECFERRY_LONG"] !== undefined;

const recorded: Recorded[] = recordedVersions.map((version) => ({
  title: `recorded by ${version}`,
  version,
  quick: true,
  open: async () => {
    const folder = await unpackRecorded(version);
    const text = gunzipSync(readFileSync(join(fixtures, version, "answers.json.gz"))).toString();
    return { folder, path: folder.path, answers: readAnswers(text) };
  },
}));

const shared: Recorded[] = sharedVersions().map((version) => ({
  title: `of the larger folder of ${version}`,
  version: version as ChromaVersion,
  quick: false,
  open: async () => {
    const folder = await unpack(join(sharedFolders, `${version}.tar.gz`));
    const path = join(folder.path, version);
    const answers = readAnswers(readFileSync(join(path, "answers.json"), "utf8"));
    const whole = ([name, answer]: [string, Answers]): [string, Answers] => [
      `default_tenant/default_database/${sharedNames[name] ?? name}`,
      answer,
    ];
    return { folder, path: join(path, "folder"), answers: new Map([...answers].map(whole)) };
  },
}));
if (shared.length === 0) console.log(`Skipped: ${sharedFolders} is not on this machine`);

/** Ways there and back; each gives the outcomes of its runs. */
const ways: Readonly<
  Record<string, (source: SourceStore, back: RecordTarget) => Promise<Outcome[]>>
> = {
  "a Qdrant": async (source, back) => {
    await using qdrant = await openEmbedded(":memory:");
    const there = await runMigrate(source, qdrant, migrateRequest(), fakeContext());
    return [there, await runExport(qdrant, back, defaultExport, fakeContext())];
  },
  "an archive": async (source, back) => {
    const place = archivePlace();
    const there = await runBackup(source, place, backupRequest(), fakeContext());
    await using archive = await place.read();
    const request = { ...defaultExport, command: "restore" } as const;
    return [there, await runExport(archive, back, request, fakeContext())];
  },
};

/** Under cosine: what each server allows itself, and on the way through a Qdrant the two roundings there. */
const ulpsUnderCosine: Readonly<Record<string, number>> = {
  "a Qdrant": 2 + 3 + 2,
  "an archive": 2 + 2,
};

function quarantined(
  outcomes: readonly Outcome[],
): { collection: string; id: string; reason: string; detail: string }[] {
  return outcomes.flatMap(({ files }) => {
    const text = files.quarantine === null ? "" : readFileSync(files.quarantine, "utf8");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  });
}

/** Each folder back to a server of its own version; where more is asked for also to the newest, which holds other records than the old ones. */
const pairs = [...recorded, ...shared].flatMap((data) => {
  const own = { data, version: data.version, title: data.title };
  const pair = data.version === "1.5.9" ? [own] : [own, { ...own, version: "1.5.9" as const }];
  return isLong
    ? pair
    : pair.filter(() => ["1.5.9", "0.4.24"].includes(data.version) && data.quick).slice(0, 1);
});

const servers = new Map<ChromaVersion, ChromaServer>();
beforeAll(async () => {
  for (const version of new Set(pairs.map(({ version }) => version)))
    if (chromaAvailable(version, true) === null)
      servers.set(version, await startChroma({ version, env: {} }));
}, 120_000);
afterAll(async () => {
  for (const server of servers.values()) await server[Symbol.asyncDispose]();
});

describe.each(pairs)("every record $title, back in a Chroma $version", ({ data, version }) => {
  const reason = chromaAvailable(version, true);
  if (reason !== null) console.log(`Skipped: ${reason}`);
  it.skipIf(reason !== null).each(Object.keys(ways))(
    "by way of %s",
    async (way) => {
      const { folder, path, answers } = await data.open();
      await using _ = folder;
      const scopes = Map.groupBy(answers.keys(), (key) => key.split("/").slice(0, 2).join("/"));
      let compared = 0;
      for (const [scope, keys] of scopes) {
        const [tenant = "", database = ""] = scope.split("/");
        await using source = await openChromaFolder(path, { tenant, database });
        const wanted = new Map(keys.map((key) => [key.split("/")[2] ?? "", answers.get(key)]));
        compared += await throughAndCompared(source, wanted, way, servers.get(version));
      }
      expect(compared).toBeGreaterThan(50);
    },
    600_000,
  );
});

/** Carries all of the source there and back and compares it with the answers by collection; how many records there were. */
async function throughAndCompared(
  source: SourceStore,
  wanted: ReadonlyMap<string, Answers | undefined>,
  way: string,
  server: ChromaServer | undefined,
): Promise<number> {
  if (server === undefined) throw new Error("no server");
  const place = await newPlace(server);
  await using back = await openChromaRecords({ kind: "chroma", url: server.url, ...place });
  const outcomes = (await ways[way]?.(source, back)) ?? [];
  for (const { exit } of outcomes) expect([0, 3]).toContain(exit);
  const held = quarantined(outcomes);
  const listed = new Map((await collectionsOf(server, place)).map(({ name, id }) => [name, id]));
  let compared = 0;
  for (const info of await source.collections()) {
    const before = wanted.get(info.name);
    if (before === undefined || info.dimension === null) continue;
    const named = held.filter(({ collection }) => collection === info.name);
    for (const { reason, detail } of named) expect(`${reason}: ${detail}`).toMatch(excuses);
    const idsOf = (some: typeof named) => new Set(some.map(({ id }) => id));
    const said = realigned(before, idsOf(named.filter(({ reason }) => reason === "no-vector")));
    const after = await askChroma(server, place, listed.get(info.name) ?? "");
    const ulps = info.distance === "cosine" ? (ulpsUnderCosine[way] ?? 0) : 0;
    expect(backAgain(said, after, { excused: idsOf(named), ulps }), info.name).toEqual([]);
    compared += after.ids.length + named.length;
  }
  return compared;
}

/** Why a record may stay behind. */
const excuses =
  /^(no-vector|not-finite|id-refused): |this Chroma refuses|is read there as another number|they are taken from 1\.5\.0 on/;

async function collectionsOf(
  server: ChromaServer,
  place: Place,
): Promise<{ name: string; id: string }[]> {
  const found: unknown = await send(collectionsUrl(server, place), "GET");
  return found as { name: string; id: string }[];
}
