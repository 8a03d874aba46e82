/** A block of a set's vectors, as it goes to the file. */
export interface ChangedBlock {
  readonly block: number;
  readonly bytes: Uint8Array;
}

/** The blocks of a set that were changed since they were last taken. */
export class ChangedBlocks {
  readonly #store: { blockOf(slot: number): number; readBlock(block: number): Uint8Array };
  readonly #blocks = new Set<number>();

  /** Of the vectors in `store`. */
  constructor(store: { blockOf(slot: number): number; readBlock(block: number): Uint8Array }) {
    this.#store = store;
  }

  /** The slot's vector has changed, come or gone. */
  add(slot: number): void {
    this.#blocks.add(this.#store.blockOf(slot));
  }

  /** All of them, each read when its turn comes. */
  *take(): Generator<ChangedBlock> {
    for (const block of this.#blocks) yield { block, bytes: this.#store.readBlock(block) };
    this.#blocks.clear();
  }
}
