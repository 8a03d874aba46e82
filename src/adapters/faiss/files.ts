/** Files that are read and written in pieces of about a megabyte, each piece durable before anything rests on it. */
import { type FileHandle, open } from "node:fs/promises";
import { VectorError } from "../../errors.ts";
import { errorCode, writeFaultCode } from "../../util/error-code.ts";

const pieceBytes = 1 << 20;
const lineFeed = 0x0a;

/** The error of a file that is not what it should be. */
export function damaged(file: string, what: string, cause?: unknown): VectorError {
  return new VectorError("E_STORAGE", `${file} cannot be read: ${what}.`, {
    cause,
    details: { file },
  });
}

/** The error of a file that cannot be written. */
export function unwritable(file: string, cause: unknown): VectorError {
  if (cause instanceof VectorError) return cause;
  return new VectorError(
    writeFaultCode(cause),
    `The file ${file} cannot be written (${errorCode(cause) ?? ""}).`,
    { cause, details: { file } },
  );
}

/** Opens a file to be read. @throws E_STORAGE where it is missing, or cannot be opened */
export async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, "r");
  } catch (error) {
    const missing = errorCode(error) === "ENOENT";
    throw damaged(file, missing ? "it is missing" : (errorCode(error) ?? "unknown"), error);
  }
}

/** Fills `bytes` from `at` on. @throws E_STORAGE where the file ends before */
export async function readExactly(
  file: string,
  handle: FileHandle,
  bytes: Uint8Array,
  at: number,
): Promise<void> {
  for (let filled = 0; filled < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, at + filled);
    if (bytesRead === 0) throw damaged(file, `it ends at byte ${at + filled}`);
    filled += bytesRead;
  }
}

/** The lines of a file, in bounded groups; the last one may lack its end. @throws E_STORAGE for what is not UTF-8 */
export async function* linesOf(file: string, handle: FileHandle): AsyncGenerator<string[]> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decode = (bytes: Uint8Array): string => {
    try {
      return decoder.decode(bytes);
    } catch (error) {
      throw damaged(file, `near line ${count + 1} it is not UTF-8, or too long`, error);
    }
  };
  let count = 0;
  let begun: Buffer[] = [];
  for (let at = 0; ; ) {
    const piece = Buffer.allocUnsafe(pieceBytes);
    const { bytesRead } = await handle.read(piece, 0, piece.length, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    const read = piece.subarray(0, bytesRead);
    const last = read.lastIndexOf(lineFeed);
    if (last === -1) {
      begun.push(read);
      continue;
    }
    const lines = decode(Buffer.concat([...begun, read.subarray(0, last)])).split("\n");
    begun = [read.subarray(last + 1)];
    count += lines.length;
    yield lines;
  }
  const rest = decode(Buffer.concat(begun));
  if (rest !== "") yield [rest];
}

/** Writes one file from many small parts. */
export class PieceWriter implements AsyncDisposable {
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #piece = Buffer.allocUnsafe(pieceBytes);
  #used = 0;

  private constructor(file: string, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  /** Makes the file, mode 0600, over one that may be left there. @throws E_DISK_FULL, E_CONFIG */
  static async create(file: string): Promise<PieceWriter> {
    try {
      return new PieceWriter(file, await open(file, "w", 0o600));
    } catch (error) {
      throw unwritable(file, error);
    }
  }

  /** @throws E_DISK_FULL, E_CONFIG */
  async add(bytes: Uint8Array): Promise<void> {
    if (this.#used + bytes.length > pieceBytes) await this.#flush();
    if (bytes.length > pieceBytes) return this.#write(bytes);
    this.#piece.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Returns when all is on the disk. @throws E_DISK_FULL, E_CONFIG */
  async finish(): Promise<void> {
    await this.#flush();
    try {
      await this.#handle.sync();
    } catch (error) {
      throw unwritable(this.#file, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  async #flush(): Promise<void> {
    await this.#write(this.#piece.subarray(0, this.#used));
    this.#used = 0;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, at);
        at += bytesWritten;
      }
    } catch (error) {
      throw unwritable(this.#file, error);
    }
  }
}
