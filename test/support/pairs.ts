/** Every kind of store, empty, and how what one of them holds is carried into another. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRecordArchive } from "../../src/adapters/archive/index.ts";
import { openChromaRecords } from "../../src/adapters/chroma/index.ts";
import { openFaiss } from "../../src/adapters/faiss/index.ts";
import { openEmbedded, openQdrant } from "../../src/adapters/qdrant/index.ts";
import { runBackup } from "../../src/migrate/backup/backup.ts";
import { runExport } from "../../src/migrate/export/export.ts";
import { defaultExport } from "../../src/migrate/export/request.ts";
import { runPoints } from "../../src/migrate/points/run.ts";
import { archivedPoints, standingPoints } from "../../src/migrate/points/source.ts";
import type { Outcome } from "../../src/migrate/report.ts";
import { defaultRequest } from "../../src/migrate/request.ts";
import { runMigrate } from "../../src/migrate/run.ts";
import { type CollectionInfo, parseNote } from "../../src/model/collection.ts";
import { exportRecords } from "../../src/model/export-record.ts";
import { joinRecords } from "../../src/model/parts.ts";
import type { PointBatch, RecordBatch } from "../../src/model/record.ts";
import { markedRecords } from "../../src/model/whole-payload.ts";
import type { SourceStore, TargetStore } from "../../src/store/port.ts";
import type { RecordTarget } from "../../src/store/record-target.ts";
import { archivePlace, backupRequest } from "./archives.ts";
import { pointsRequest } from "./bare-points.ts";
import { newPlace } from "./chroma-fill.ts";
import type { ChromaServer } from "./chroma-server.ts";
import { fakeContext, migrateRequest } from "./fake-migration.ts";

/** A store of one kind, with nothing in it but what a test puts there. */
export type Held =
  | { readonly kind: "records"; readonly store: RecordTarget }
  | { readonly kind: "points"; readonly store: TargetStore }
  | { readonly kind: "archive"; readonly place: ReturnType<typeof archivePlace> };

export interface StoreKindOfPair {
  readonly name: string;
  /** Name of the collection there: a Qdrant server is everybody's. */
  open(): Promise<Held>;
}

/** The kinds there are here; Qdrant servers where QDRANT_URL is set. */
export function kindsOfStores(chroma: ChromaServer | null): StoreKindOfPair[] {
  const url = process.env["QDRANT_URL"];
  const kinds: StoreKindOfPair[] = [
    { name: "embedded Qdrant", open: async () => points(await openEmbedded(":memory:")) },
    { name: "FAISS files", open: async () => points(await openFaiss(folder())) },
    { name: "archive", open: async () => ({ kind: "archive", place: archivePlace() }) },
  ];
  if (chroma !== null) {
    const open = async (): Promise<Held> => {
      const place = await newPlace(chroma);
      return {
        kind: "records",
        store: await openChromaRecords({ kind: "chroma", url: chroma.url, ...place }),
      };
    };
    kinds.push({ name: `Chroma ${chroma.version}`, open });
  }
  if (url === undefined) return kinds;
  for (const grpcPort of ["off", null] as const) {
    const open = async () =>
      points(await openQdrant({ url, grpcPort }, { apiKey: process.env["QDRANT_API_KEY"] }));
    kinds.push({ name: `Qdrant by ${grpcPort === "off" ? "REST" : "gRPC"}`, open });
  }
  return kinds;
}

function points(store: TargetStore): Held {
  return { kind: "points", store };
}

function folder(): string {
  return join(mkdtempSync(join(tmpdir(), "vecferry-pairs-")), "store");
}

/** Fills an empty store with the records of a source. */
export function fill(source: SourceStore, to: Held): Promise<Outcome> {
  return to.kind === "points"
    ? runMigrate(source, to.store, migrateRequest(), fakeContext())
    : to.kind === "archive"
      ? runBackup(source, to.place, backupRequest(), fakeContext())
      : backThroughArchive(source, to.store);
}

async function backThroughArchive(source: SourceStore, to: RecordTarget): Promise<Outcome> {
  const place = archivePlace();
  await runBackup(source, place, backupRequest(), fakeContext());
  await using archive = await place.read();
  return await runExport(archive, to, { ...defaultExport, command: "restore" }, fakeContext());
}

/** Carries the collection `name` by the verb that is for it; null = there is none for these two. */
export async function carry(from: Held, to: Held, name: string): Promise<Outcome | null> {
  const scope = { ...defaultRequest.scope, collections: [name] };
  const asked = { ...migrateRequest(), scope };
  const asPoints = pointsRequest({ scope });
  if (from.kind === "archive") {
    if (to.kind === "archive") return null;
    await using archive = await from.place.read();
    if (to.kind === "records")
      return await runExport(
        archive,
        to.store,
        { ...defaultExport, scope, command: "restore" },
        fakeContext(),
      );
    if (archive.manifest.collections.some(({ rows }) => rows === "points"))
      return await runPoints(
        archivedPoints(archive),
        to.store,
        { ...asPoints, command: "restore" },
        fakeContext(),
      );
    await using source = await openRecordArchive(from.place.path, {});
    return await runMigrate(source, to.store, asked, fakeContext());
  }
  if (to.kind === "archive")
    return await runBackup(from.store, to.place, backupRequest({ scope }), fakeContext());
  if (from.kind === "records")
    return to.kind === "records"
      ? null
      : await runMigrate(from.store, to.store, asked, fakeContext());
  if (to.kind === "points")
    return await runPoints(standingPoints(from.store), to.store, asPoints, fakeContext());
  return await runExport(from.store, to.store, { ...defaultExport, scope }, fakeContext());
}

/** The records of the collection `name`, however they stand there. */
export async function recordsIn(held: Held, name: string): Promise<RecordBatch> {
  const batches: RecordBatch[] = [];
  if (held.kind === "archive") {
    await using archive = await held.place.read();
    const info = await find(archive, name);
    for await (const batch of archive.batches(info)) batches.push(asRecords(batch, info));
  } else {
    const info = await find(held.store, name);
    if (held.kind === "points")
      for await (const batch of held.store.scan(info)) batches.push(asRecords(batch, info));
    else
      for await (const ids of held.store.ids(info))
        batches.push((await held.store.read(info, ids)).batch);
  }
  return joinRecords(batches);
}

function asRecords(batch: RecordBatch | PointBatch, info: CollectionInfo): RecordBatch {
  if (!("placement" in batch)) return batch;
  const note = parseNote(info.name, info.note);
  const points = markedRecords(batch, note?.layout ?? "vecferry");
  return exportRecords(points, {
    vector: "",
    distance: note?.sources[0]?.distance ?? info.distance ?? "l2",
    layout: note?.layout ?? "vecferry",
    flatten: false,
    tenantKey: false,
  }).records;
}

async function find(
  store: Pick<SourceStore, "collections">,
  name: string,
): Promise<CollectionInfo> {
  const found = (await store.collections()).find((one) => one.name === name);
  if (found === undefined) throw new Error(`no collection ${name}`);
  return found;
}

/** Takes away what `name` left, and closes. */
export async function leave(held: Held, name: string): Promise<void> {
  if (held.kind === "archive") return;
  if (held.kind === "points") {
    const info = (await held.store.collections()).find((one) => one.name === name);
    if (info !== undefined) await held.store.remove(info, { everything: true });
  }
  await held.store[Symbol.asyncDispose]();
}
