/** A Chroma that was backed up and migrated into an embedded Qdrant; then both ends are written to. Edited by plain HTTP. */
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { runCli } from "../../src/cli/run.ts";
import type { FixtureRecord } from "../../src/testing/index.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { askChroma, chromaAddress } from "./chroma-answers.ts";
import {
  addRecords,
  collectionsUrl,
  makeCollection,
  newPlace,
  type Place,
  send,
} from "./chroma-fill.ts";
import type { ChromaServer } from "./chroma-server.ts";
import { type Ended, runCli as runBuilt, temporaryFolder } from "./cli.ts";
import type { Answers } from "./judge.ts";
import { serveFolder } from "./qdrant-places.ts";

const dimension = 8;
export const sceneRecords = 40;
export const collection = "docs";

/** The record that an id begins as. */
export function sceneRecord(at: number): FixtureRecord {
  const random = seededRandom(at + 1);
  const vector = Array.from({ length: dimension }, () => Math.fround(random() * 4 - 2));
  return { id: `r${at}`, vector, document: `Document ${at}`, uri: null, metadata: `{"at":${at}}` };
}

const resultSchema = z.looseObject({
  type: z.literal("rollback"),
  exit: z.number(),
  since: z.record(z.string(), z.number()).nullable(),
  left: z.record(z.string(), z.number()).nullable(),
  restored: z.array(z.string()),
  deleted: z.number(),
  named: z.string().nullable(),
  examples: z.array(z.object({ collection: z.string(), id: z.string(), kind: z.string() })),
  variables: z.array(z.looseObject({ name: z.string(), becomes: z.string().nullable() })),
});

export class RollbackScene implements Disposable {
  readonly folder = temporaryFolder();
  readonly chroma: ChromaServer;
  readonly place: Place;
  readonly distance: string;

  private constructor(chroma: ChromaServer, place: Place, distance: string) {
    this.chroma = chroma;
    this.place = place;
    this.distance = distance;
  }

  /** Filled, backed up and migrated: by its server, or from its folder, which has a vector's bits as they were sent. */
  static async migrated(
    chroma: ChromaServer,
    distance: "cosine" | "l2",
    from: "server" | "folder" = "server",
  ): Promise<RollbackScene> {
    const scene = new RollbackScene(chroma, await newPlace(chroma), distance);
    await scene.make(Array.from({ length: sceneRecords }, (_, at) => sceneRecord(at)));
    const { tenant, database } = scene.place;
    const folder = `chroma-folder:${chroma.path}?tenant=${tenant}&database=${database}`;
    const source = from === "server" ? scene.source : folder;
    await scene.done("backup", source, scene.backup);
    await scene.done("migrate", source, scene.target);
    return scene;
  }

  get source(): string {
    return chromaAddress(this.chroma.url, this.place);
  }

  get target(): string {
    return `embedded:${join(this.folder.path, "q")}`;
  }

  /** Makes Chroma's collection, with these records. */
  async make(records: readonly FixtureRecord[]): Promise<void> {
    const metadata = { "hnsw:space": this.distance, owner: "team" };
    const key = await makeCollection(this.chroma, this.place, collection, metadata);
    await addRecords(this.chroma, this.place, key, records);
  }

  /** Takes Chroma's collection away. */
  async drop(): Promise<void> {
    await send(collectionsUrl(this.chroma, this.place, `/${collection}`), "DELETE");
  }

  /** What Chroma holds now, by id. */
  async held(): Promise<Map<string, Held>> {
    const answers: Answers = await askChroma(this.chroma, this.place, await this.#key());
    return new Map(
      answers.ids.map((id, row) => [
        id,
        {
          document: answers.documents[row] ?? null,
          vector: answers.embeddings[row] ?? null,
          metadata: answers.metadatas[row] ?? null,
        },
      ]),
    );
  }

  /** Writes to Chroma's collection. */
  async tellChroma(verb: "update" | "delete" | "add", body: object): Promise<void> {
    const url = collectionsUrl(this.chroma, this.place, `/${await this.#key()}/${verb}`);
    await send(url, "POST", JSON.stringify(body));
  }

  /** The collection's key in Chroma: another one where it was made anew. */
  async #key(): Promise<string> {
    const url = collectionsUrl(this.chroma, this.place, `/${collection}`);
    return z.looseObject({ id: z.string() }).parse(await send(url, "GET")).id;
  }

  /** Writes to the embedded Qdrant, through its own server. */
  async atQdrant(
    work: (
      call: <Result>(method: string, path: string, body?: unknown) => Promise<Result>,
      pointOf: (id: string) => string,
    ) => Promise<void>,
  ): Promise<void> {
    await using qdrant = await serveFolder(join(this.folder.path, "q"));
    const scroll = { limit: 10_000, with_payload: ["_vecferry"] };
    const { points } = await qdrant.call<{
      points: { id: string; payload: { _vecferry?: { id: string } } }[];
    }>("POST", `/collections/${collection}/points/scroll`, scroll);
    const byId = new Map(points.map(({ id, payload }) => [payload._vecferry?.id, id]));
    await work(qdrant.call, (id) => byId.get(id) ?? id);
  }

  get state(): string {
    return join(this.folder.path, "state");
  }

  get backup(): string {
    return `archive:${join(this.folder.path, "before")}`;
  }

  /** Runs the command in this process; interrupted once it has said `stopAt`. */
  async run(args: readonly string[], stopAt: string | null = null): Promise<Ended> {
    const interrupt = new AbortController();
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const said = Promise.all([text(stdout), text(stderr)]);
    for (const stream of [stdout, stderr])
      stream.on("data", (some) => {
        if (stopAt !== null && String(some).includes(stopAt)) interrupt.abort();
      });
    const status = await runCli({
      argv: [...args, ...this.files(args)],
      variables: {},
      folder: this.folder.path,
      stdout,
      stderr,
      signal: interrupt.signal,
    });
    stdout.end();
    stderr.end();
    const [out, err] = await said;
    return { status, stdout: out, stderr: err };
  }

  /** Runs the built command in a process of its own, which can be killed. */
  spawn(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
    return runBuilt([...args, ...this.files(args)], { cwd: this.folder.path, env });
  }

  /** Where a run keeps what it leaves. */
  files(args: readonly string[]): string[] {
    const state = ["--state", this.state];
    const isPlan = args[0] === "rollback" && args[1] === "plan";
    return isPlan ? state : [...state, "--log-file", join(this.folder.path, "log")];
  }

  /** `rollback run`; the exit status stands in the result too. */
  async rollback(...flags: readonly string[]) {
    const ended = await this.run(["rollback", "run", "--json", ...flags]);
    const last = ended.stdout.trim().split("\n").at(-1) ?? "";
    const parsed = resultSchema.safeParse(JSON.parse(last || "null"));
    if (!parsed.success) throw new Error(`${last}\n${ended.stderr}`);
    if (parsed.data.exit !== ended.status) throw new Error(`It ended with ${ended.status}.`);
    return { ...parsed.data, said: ended.stderr };
  }

  /** A command that must end well. */
  async done(...args: readonly string[]): Promise<Ended> {
    const ended = await this.run(args);
    if (ended.status !== 0) throw new Error(`${args.join(" ")}: ${ended.stdout}${ended.stderr}`);
    return ended;
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

export interface Held {
  readonly document: string | null;
  readonly vector: readonly (number | null)[] | null;
  readonly metadata: unknown;
}
