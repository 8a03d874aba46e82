/** The records that a rollback names, on disk: `rollback.jsonl` in the migration's folder, { collection, id, kind } a line, written anew by each run. */
import { closeSync, createReadStream, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline/promises";
import { z } from "zod";
import { VectorError } from "../../errors.ts";
import { errorCode, writeFaultCode } from "../../util/error-code.ts";
import { migrationFiles } from "../files.ts";
import { type SinceRecord, sinceKinds } from "./since.ts";

const recordSchema = z.object({ collection: z.string(), id: z.string(), kind: z.enum(sinceKinds) });
/** Records that are kept to be shown. */
const examplesMax = 20;
/** Lines that are written at once. */
const linesAtOnce = 500;

export class NamedRecords implements Disposable {
  examples: SinceRecord[] = [];
  readonly #file: string;
  #descriptor: number | null = null;
  #lines: string[] = [];
  #count = 0;

  constructor(stateFolder: string, run: string) {
    this.#file = path.join(migrationFiles(stateFolder, run).folder, "rollback.jsonl");
    this.begin();
  }

  /** Takes away what was named before. */
  begin(): void {
    this.#close();
    rmSync(this.#file, { force: true });
    this.examples = [];
    this.#lines = [];
    this.#count = 0;
  }

  /** Where they stand; null = none was named. */
  get file(): string | null {
    return this.#count === 0 ? null : this.#file;
  }

  /** @throws E_DISK_FULL, E_CONFIG */
  add(record: SinceRecord): void {
    this.#count += 1;
    if (this.examples.length < examplesMax) this.examples.push(record);
    this.#lines.push(`${JSON.stringify(record)}\n`);
    if (this.#lines.length >= linesAtOnce) this.#flush();
  }

  /** All are named. @throws E_DISK_FULL, E_CONFIG */
  finish(): void {
    this.#flush();
    this.#close();
  }

  /** The ids of one kind, collection by collection as they were named, so many at once. */
  async *ids(
    kind: SinceRecord["kind"],
    atOnce: number,
  ): AsyncGenerator<{ readonly collection: string; readonly ids: readonly string[] }> {
    if (this.file === null) return;
    let page: SinceRecord[] = [];
    const lines = createInterface({ input: createReadStream(this.#file), crlfDelay: Infinity });
    for await (const line of lines) {
      const record = recordSchema.parse(JSON.parse(line));
      if (record.kind !== kind) continue;
      if (page.length >= atOnce || (page[0] ?? record).collection !== record.collection) {
        yield pageOf(page);
        page = [];
      }
      page.push(record);
    }
    if (page.length > 0) yield pageOf(page);
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #flush(): void {
    if (this.#lines.length === 0) return;
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
      this.#descriptor ??= openSync(this.#file, "w", 0o600);
      writeFileSync(this.#descriptor, this.#lines.join(""));
    } catch (error) {
      throw new VectorError(
        writeFaultCode(error),
        `The file ${this.#file} cannot be written (${errorCode(error) ?? ""}).`,
        { cause: error },
      );
    }
    this.#lines = [];
  }

  #close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

function pageOf(page: readonly SinceRecord[]) {
  return { collection: page[0]?.collection ?? "", ids: page.map(({ id }) => id) };
}
