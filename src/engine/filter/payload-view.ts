import { parseDoubles, parseLossless } from "../../util/json.ts";

/** One point's payload, read and decoded when first asked for. */
export class PayloadView {
  #read: (() => string | null) | null;
  #text: string | null = null;
  #plain: unknown;
  #exact: unknown;

  /** `text`: JSON text, null = no payload; or what gets it. */
  constructor(text: string | null | (() => string | null)) {
    this.#read = typeof text === "function" ? text : () => text;
  }

  get #source(): string | null {
    if (this.#read !== null) {
      this.#text = this.#read();
      this.#read = null;
    }
    return this.#text;
  }

  /** Fast: numbers as JavaScript has them. */
  get plain(): unknown {
    this.#plain ??= this.#source === null ? {} : parseDoubles(this.#source);
    return this.#plain;
  }

  /** Slow: an integer is a bigint, so that 2 and 2.0 differ. */
  get exact(): unknown {
    this.#exact ??= this.#source === null ? {} : parseLossless(this.#source);
    return this.#exact;
  }
}
