/**
 * Repetition and definition levels of a Parquet page, as runs of equal ones: varint(count << 1), the level in one byte.
 *
 * Format: https://github.com/apache/parquet-format (Encodings.md, RLE).
 */
import { ByteWriter } from "hyparquet-writer";

/** Levels in the making. */
export class LevelRuns {
  readonly #writer = new ByteWriter();
  #level = 0;
  #count = 0;

  add(level: number, count: number): void {
    if (level !== this.#level) this.#flush();
    this.#level = level;
    this.#count += count;
  }

  bytes(): Uint8Array {
    this.#flush();
    return this.#writer.getBytes();
  }

  #flush(): void {
    if (this.#count === 0) return;
    this.#writer.appendVarInt(this.#count << 1);
    this.#writer.appendUint8(this.#level);
    this.#count = 0;
  }
}

/** The levels in `bytes`, one a byte. @throws Error where they are not `count`, or not of this form */
export function readLevels(bytes: Uint8Array, count: number): Uint8Array {
  const levels = new Uint8Array(count);
  let row = 0;
  for (const { count: run, level } of runsIn(bytes)) {
    if (row + run > count) throw new Error("more levels than values");
    levels.fill(level, row, row + run);
    row += run;
  }
  if (row !== count) throw new Error("fewer levels than values");
  return levels;
}

/** The runs in `bytes`. */
export function* runsIn(bytes: Uint8Array): Generator<{ count: number; level: number }> {
  for (let at = 0; at < bytes.length; at += 1) {
    let header = 0;
    for (let shift = 0; ; shift += 7, at += 1) {
      const byte = bytes[at] ?? 0;
      header |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at += 1;
    yield { count: header >>> 1, level: bytes[at] ?? 0 };
  }
}
