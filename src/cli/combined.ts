/** The file of `verify --combined`: one line a record. */
import { closeSync, fchmodSync, openSync, writeFileSync } from "node:fs";
import { VectorError } from "../errors.ts";
import type { RecordLine } from "../migrate/request.ts";
import { writeFaultCode } from "../util/error-code.ts";

const bufferedCharactersMax = 64 * 1024;

/** `sigil collection id detail`, separated by tabs. Names and ids with characters that would break the line are written as JSON texts. */
export class CombinedFile implements Disposable {
  readonly #path: string;
  readonly #file: number;
  #buffer = "";

  /** Empties the file, or makes it, mode 0600. @throws E_CONFIG */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = openSync(path, "w", 0o600);
      fchmodSync(this.#file, 0o600);
    } catch (error) {
      throw this.#failure("E_CONFIG", error);
    }
  }

  /** @throws E_DISK_FULL, E_CONFIG */
  readonly write = ({ sigil, collection, id, detail }: RecordLine): void => {
    this.#buffer += `${[sigil, field(collection), field(id), field(detail)].join("\t").trimEnd()}\n`;
    if (this.#buffer.length >= bufferedCharactersMax) this.#flush();
  };

  [Symbol.dispose](): void {
    try {
      this.#flush();
    } finally {
      closeSync(this.#file);
    }
  }

  #flush(): void {
    const text = this.#buffer;
    this.#buffer = "";
    try {
      writeFileSync(this.#file, text);
    } catch (error) {
      throw this.#failure(writeFaultCode(error), error);
    }
  }

  #failure(code: "E_CONFIG" | "E_DISK_FULL", cause: unknown): VectorError {
    return new VectorError(code, `The file of --combined, ${this.#path}, cannot be written.`, {
      cause,
    });
  }
}

function field(text: string): string {
  return /^["\s]|[\t\r\n\0]|\s$/.test(text) ? JSON.stringify(text) : text;
}
