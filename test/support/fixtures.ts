/** Recorded Chroma folders, unpacked for one test, and what their own servers answered. */
import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { sliceArray, sliceObject } from "../../src/util/json.ts";

const fixtures = join(import.meta.dirname, "../fixtures/chroma");
/** Larger folders that stand beside the repository on some machines. */
export const sharedFolders = resolve(import.meta.dirname, "../../../shared/data/chroma-dirs");

export const recordedVersions = ["0.4.24", "0.5.23", "0.6.3", "1.0.20", "1.5.9"] as const;
export type RecordedVersion = (typeof recordedVersions)[number];

/** What a server answered for one collection. */
export interface RecordedCollection {
  readonly tenant: string;
  readonly database: string;
  readonly name: string;
  readonly ids: readonly string[];
  /** null where the record has no vector; a component is null where JSON had no number for it. */
  readonly embeddings: readonly (readonly (number | null)[] | null)[];
  readonly documents: readonly (string | null)[];
  readonly uris: readonly (string | null)[];
  /** JSON texts as the server wrote them. */
  readonly metadatas: readonly string[];
  /** The vectors as they were sent, by id; null = not recorded. */
  readonly sent: ReadonlyMap<string, readonly number[]> | null;
}

export interface UnpackedFolder extends AsyncDisposable {
  readonly path: string;
}

/** A temporary folder, removed at the end. */
export async function temporaryFolder(): Promise<UnpackedFolder> {
  const path = await mkdtemp(join(tmpdir(), "vecferry-test-"));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

/** Unpacks a tar.gz into a temporary folder; file times stay as recorded, so that the folder is at rest. */
export async function unpack(archive: string): Promise<UnpackedFolder> {
  const folder = await temporaryFolder();
  execFileSync("tar", ["xzf", archive, "-C", folder.path]);
  return folder;
}

export function unpackRecorded(version: RecordedVersion): Promise<UnpackedFolder> {
  return unpack(join(fixtures, version, "folder.tar.gz"));
}

export function recordedAnswers(version: RecordedVersion): RecordedCollection[] {
  const text = gunzipSync(readFileSync(join(fixtures, version, "answers.json.gz"))).toString();
  const collections = sliceObject(text).get("collections") ?? "";
  return [...sliceObject(collections)].map(([key, entry]) => {
    const [tenant = "", database = "", name = ""] = key.split("/");
    const members = sliceObject(entry);
    const sent: Record<string, number[]> = JSON.parse(members.get("sent") ?? "{}");
    return {
      tenant,
      database,
      name,
      ...columns(members.get("answer") ?? ""),
      sent: new Map(Object.entries(sent)),
    };
  });
}

/** Names of the larger folders' collections in their answers. */
export const sharedNames: Readonly<Record<string, string>> = {
  l2: "l2col",
  cos: "coscol",
  ip: "ipcol",
  cosconf: "cosconf",
  small: "small",
  empty: "emptycol",
  null: "nullmeta",
};

/** Versions of the larger folders; none where they are not on this machine. */
export function sharedVersions(): string[] {
  if (!existsSync(sharedFolders)) return [];
  return readdirSync(sharedFolders).map((name) => name.replace(/\.tar\.gz$/, ""));
}

export function sharedAnswers(unpacked: string): RecordedCollection[] {
  const text = readFileSync(join(unpacked, "answers.json"), "utf8");
  return [...sliceObject(text)].flatMap(([short, answer]) => {
    if (!sliceObject(answer).has("ids")) return [];
    const place = { tenant: "default_tenant", database: "default_database" };
    return [{ ...place, name: sharedNames[short] ?? short, ...columns(answer), sent: null }];
  });
}

function columns(answer: string) {
  const members = sliceObject(answer);
  const ids: string[] = JSON.parse(members.get("ids") ?? "[]");
  const embeddings: (number[] | null)[] = JSON.parse(members.get("embeddings") ?? "[]");
  const documents: (string | null)[] = JSON.parse(members.get("documents") ?? "[]");
  const uris: (string | null)[] = JSON.parse(members.get("uris") ?? "[]");
  return {
    ids,
    embeddings,
    documents,
    uris,
    metadatas: sliceArray(members.get("metadatas") ?? "[]"),
  };
}

/** Names, sizes, times and contents of all files below a folder, as one comparable list. */
export function fileList(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const found = statSync(path, { bigint: true });
      const bytes = found.isFile() ? hash("sha256", readFileSync(path)) : "";
      return `${name} ${found.mode} ${found.size} ${found.mtimeNs} ${bytes}`;
    });
}
