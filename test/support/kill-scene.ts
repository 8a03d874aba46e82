/** A copy that is killed and resumed: its source, its target, what damages the target, and what must be so in the end. */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { askChroma, chromaAddress, madeAnswers } from "./chroma-answers.ts";
import { addRecords, makeCollection, newPlace } from "./chroma-fill.ts";
import type { ChromaServer } from "./chroma-server.ts";
import { temporaryFolder } from "./cli.ts";
import { type Answers, judge, readPoints, type Verdict } from "./judge.ts";
import { madeVector, makeFolder } from "./make-folder.ts";
import { type QdrantPlace, serveFolder } from "./qdrant-places.ts";

const dimension = 8;
const collection = "killed";

export interface KillScene extends AsyncDisposable {
  /** The words of the two commands. */
  readonly migrate: readonly string[];
  readonly repair: readonly string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
  /** Takes everything away that copies have made. */
  clear(): Promise<void>;
  /** Takes a third of the points away, changes a third, and adds some that no record stands for. */
  damage(): Promise<void>;
  /** What the judge finds, and what is there besides: points too many, and files or marks that a whole run does not leave. */
  inspect(): Promise<Verdict & { readonly points: number; readonly leftOver: readonly string[] }>;
}

/** `chroma` null: the source is a folder. `place` null: the target is an embedded folder. */
export async function openKillScene(
  records: number,
  chroma: ChromaServer | null,
  place: QdrantPlace | null,
): Promise<KillScene> {
  const folder = temporaryFolder();
  const cwd = folder.path;
  mkdirSync(join(cwd, "tmp"));
  const source = await openSource(records, chroma, cwd);
  const name = place?.unique(collection) ?? collection;
  const target = place?.url ?? "embedded:./q";
  const ends = [source.address, target];
  /** Speaks to the target by HTTP; an embedded one is served for as long. */
  const withTarget = async <Result>(work: (qdrant: QdrantPlace) => Promise<Result>) => {
    if (place !== null) return work(place);
    await using served = await serveFolder(join(cwd, "q"));
    return await work(served);
  };
  return {
    migrate: ["migrate", ...ends, "--rename", `${collection}=${name}`, "--batch-size", "15"],
    repair: ["repair", ...ends, "--overwrite", "--delete-extra"],
    cwd,
    env: { ...place?.env, TMPDIR: join(cwd, "tmp") },
    async clear() {
      for (const path of [".vecferry", "q"])
        rmSync(join(cwd, path), { recursive: true, force: true });
      await place?.call("DELETE", `/collections/${name}`);
    },
    damage: () => withTarget((qdrant) => damage(qdrant, name)),
    async inspect() {
      // Looked for before the folder is served, which opens files of its own.
      const files = unfinishedFiles(cwd);
      return await withTarget(async (qdrant) => {
        const verdict = await judge(qdrant, name, source.answers, { cosine: false });
        const path = `/collections/${name}/points/count`;
        const { count } = await qdrant.call<{ count: number }>("POST", path, { exact: true });
        const left = [...files, ...(await marksLeft(qdrant, name))];
        return { ...verdict, points: count, leftOver: left };
      });
    },
    [Symbol.asyncDispose]: async () => folder[Symbol.dispose](),
  };
}

async function openSource(
  records: number,
  chroma: ChromaServer | null,
  cwd: string,
): Promise<{ readonly address: string; readonly answers: Answers }> {
  if (chroma === null) {
    makeFolder(join(cwd, "chroma"), { records, dimension, name: collection });
    return { address: "./chroma", answers: madeAnswers(records, dimension) };
  }
  const place = await newPlace(chroma);
  const key = await makeCollection(chroma, place, collection);
  const vector = new Float32Array(dimension);
  const made = Array.from({ length: records }, (_, at) => {
    madeVector(at, vector);
    return {
      id: `r${at}`,
      vector: [...vector],
      document: `${at}`,
      uri: null,
      metadata: `{"at":${at}}`,
    };
  });
  await addRecords(chroma, place, key, made);
  return {
    address: chromaAddress(chroma.url, place),
    answers: await askChroma(chroma, place, key),
  };
}

const extraPoints = 20;

async function damage(qdrant: QdrantPlace, name: string): Promise<void> {
  const path = `/collections/${name}/points`;
  const points = await readPoints(qdrant, name);
  const third = (rest: number) => points.filter((_, at) => at % 3 === rest).map(({ id }) => id);
  await qdrant.call("POST", `${path}/delete?wait=true`, { points: third(0) });
  const payload = { document: "damaged" };
  await qdrant.call("POST", `${path}/payload?wait=true`, { points: third(1), payload });
  const [mark] = points.map((point) => point.payload["_vecferry"] as { run: string });
  const extra = Array.from({ length: extraPoints }, (_, at) => ({
    id: crypto.randomUUID(),
    vector: new Array(dimension).fill(at),
    payload: { _vecferry: { id: `extra-${at}`, run: mark?.run } },
  }));
  await qdrant.call("PUT", `${path}?wait=true`, { points: extra });
}

/** Files of runs that did not end: parts, locks, SQLite's own, and whatever is temporary. */
function unfinishedFiles(cwd: string): string[] {
  return readdirSync(cwd, { recursive: true, encoding: "utf8" }).filter((path) =>
    /\.(part|tmp)$|-(journal|wal|shm)$|\block$|^tmp./.test(path),
  );
}

/** What stands in a collection only while a run goes on: the word by which its gRPC port is proven, the index held back. */
async function marksLeft(qdrant: QdrantPlace, name: string): Promise<string[]> {
  const { config } = await qdrant.call<{ config: object }>("GET", `/collections/${name}`);
  const marks = /vecferry_probe[^,}]*|heldThreshold[^,}]*|"indexing_threshold":0\b/g;
  return JSON.stringify(config).match(marks) ?? [];
}
