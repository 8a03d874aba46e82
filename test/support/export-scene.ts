/** Exports with the built command: out of an embedded Qdrant in a folder, into a place of a real Chroma. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { askChroma, chromaAddress } from "./chroma-answers.ts";
import { collectionsUrl, newPlace, type Place, send } from "./chroma-fill.ts";
import type { ChromaServer } from "./chroma-server.ts";
import { type Ended, runCli, temporaryFolder } from "./cli.ts";
import type { Answers } from "./judge.ts";
import { type QdrantPlace, serveFolder } from "./qdrant-places.ts";

/** A result line of the command, as far as these tests look at it. */
export interface ExportReport {
  readonly totals: Record<"carried" | "changed" | "unchanged" | "failed" | "removed", number>;
  readonly quarantine: { readonly byReason: Record<string, number> };
  readonly verify: {
    readonly differences: number;
    readonly foreign: Record<string, number>;
    readonly collections: readonly {
      readonly target: string;
      readonly differences: Record<string, number>;
      readonly examples: readonly {
        readonly id: string;
        readonly kind: string;
        readonly detail: string;
      }[];
    }[];
  } | null;
  readonly notes: readonly string[];
  readonly next: readonly string[];
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

export interface Exported extends Ended {
  /** Of a run that came to its end. */
  readonly report: ExportReport;
  /** Of a run that failed. */
  readonly failure: Failure;
}

/** What a record of a Chroma is, its vector apart; numbers of its metadata as `{ int }` or `{ float }`. */
export interface Held {
  readonly document: string | null;
  readonly uri: string | null;
  readonly metadata: unknown;
}

export class ExportScene implements Disposable {
  readonly cwd: string;
  readonly place: Place;
  readonly target: string;
  readonly #chroma: ChromaServer;
  readonly #folder: ReturnType<typeof temporaryFolder>;

  private constructor(chroma: ChromaServer, place: Place) {
    this.#chroma = chroma;
    this.#folder = temporaryFolder();
    this.cwd = this.#folder.path;
    this.place = place;
    this.target = chromaAddress(chroma.url, place);
  }

  static async open(chroma: ChromaServer): Promise<ExportScene> {
    return new ExportScene(chroma, await newPlace(chroma));
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }

  run(...args: readonly string[]): Promise<Ended> {
    return runCli(args, { cwd: this.cwd });
  }

  /** Exports from the folder `q`; of the verb `export`, or of another. */
  async export(...flags: readonly string[]): Promise<Exported> {
    return await this.both("export", ...flags);
  }

  async both(verb: string, ...flags: readonly string[]): Promise<Exported> {
    const ended = await this.run(verb, "embedded:q", this.target, ...flags, "--json");
    return { ...ended, ...lastLine(ended) };
  }

  /** Speaks to the embedded Qdrant in `q`. */
  async atQdrant<Result>(work: (call: QdrantPlace["call"]) => Promise<Result>): Promise<Result> {
    await using served = await serveFolder(join(this.cwd, "q"));
    return await work(served.call.bind(served));
  }

  /** Writes points into a collection of it, which is made where it lacks. */
  async fill(name: string, vectors: object, points: readonly object[]): Promise<void> {
    await this.atQdrant(async (call) => {
      const path = `/collections/${name}`;
      const { exists } = await call<{ exists: boolean }>("GET", `${path}/exists`);
      if (!exists) await call("PUT", path, { vectors });
      await call("PUT", `${path}/points?wait=true`, { points });
    });
  }

  /** The keys of the Chroma's collections by name. */
  async collections(): Promise<Map<string, string>> {
    const found = await send(collectionsUrl(this.#chroma, this.place), "GET");
    const listed = found as readonly { readonly name: string; readonly id: string }[];
    return new Map(listed.map(({ name, id }) => [name, id]));
  }

  /** What a collection of the Chroma answers. */
  async answers(name: string): Promise<Answers> {
    const key = (await this.collections()).get(name);
    if (key === undefined) throw new Error(`no collection ${name}`);
    return await askChroma(this.#chroma, this.place, key);
  }

  /** Its records by id. */
  async held(name: string): Promise<Record<string, Held>> {
    const { ids, documents, uris, metadatas } = await this.answers(name);
    return Object.fromEntries(
      ids.map((id, row) => [
        id,
        {
          document: documents[row] ?? null,
          uri: uris[row] ?? null,
          metadata: metadatas[row] ?? null,
        },
      ]),
    );
  }

  /** Writes to a collection of the Chroma as an application would. */
  async tell(name: string, what: "add" | "update" | "delete", body: object): Promise<void> {
    const key = (await this.collections()).get(name);
    await send(
      collectionsUrl(this.#chroma, this.place, `/${key}/${what}`),
      "POST",
      JSON.stringify(body),
    );
  }

  /** The lines of the quarantine file of the newest report. */
  quarantine(ended: Ended): { collection: string; id: string; reason: string; detail: string }[] {
    const { files } = JSON.parse(ended.stdout.trimEnd().split("\n").at(-1) ?? "{}");
    if (files.quarantine === null) return [];
    const text = readFileSync(files.quarantine, "utf8").trimEnd();
    return text.split("\n").map((line) => JSON.parse(line));
  }
}

function lastLine({ stdout, stderr }: Ended): { report: ExportReport; failure: Failure } {
  const line = stdout.trimEnd().split("\n").at(-1);
  if (line === undefined || line === "") throw new Error(`It said nothing: ${stderr}`);
  const said = JSON.parse(line);
  return { report: said.report, failure: said };
}
