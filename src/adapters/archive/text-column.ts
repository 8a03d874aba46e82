/** Texts of a column as UTF-8, one behind the other: an array for each text would cost twice the time and the memory. */

const firstBytes = 1 << 16;

export class TextColumn {
  #bytes = Buffer.allocUnsafe(firstBytes);
  #size = 0;
  /** Where each row's text ends; -1 = it has none. */
  readonly #ends: number[] = [];

  /** Takes the next row's; returns how many bytes it has. */
  push(text: string | null): number {
    if (text === null) {
      this.#ends.push(-1);
      return 0;
    }
    const bytes = Buffer.byteLength(text);
    this.#makeRoom(bytes);
    this.#bytes.write(text, this.#size);
    this.#size += bytes;
    this.#ends.push(this.#size);
    return bytes;
  }

  /** Every row's, good until the next change. */
  values(): (Uint8Array | null)[] {
    const { buffer, byteOffset } = this.#bytes;
    let start = 0;
    return this.#ends.map((end) => {
      if (end === -1) return null;
      const text = new Uint8Array(buffer, byteOffset + start, end - start);
      start = end;
      return text;
    });
  }

  clear(): void {
    this.#ends.length = 0;
    this.#size = 0;
  }

  #makeRoom(bytes: number): void {
    const wanted = this.#size + bytes;
    if (wanted <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(wanted, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#size);
    this.#bytes = larger;
  }
}
