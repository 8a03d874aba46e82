/** What programs read: one JSON object a line on stdout, each with the format's number and its type. */
import type { Writable } from "node:stream";
import type { MigrateEvent } from "../../migrate/request.ts";
import { stringifyPlain } from "../../util/json.ts";

/** Grows when a line changes so that a reader of the older form would misread it. */
const jsonFormat = 1;

const progressEveryMs = 1_000;

export class JsonLines {
  readonly #stream: Writable;
  readonly #now: () => number;
  readonly #redact: (text: string) => string;
  /** When each collection's progress was last written. */
  readonly #writtenMs = new Map<string, number>();

  constructor(stream: Writable, redact: (text: string) => string, now: () => number) {
    this.#stream = stream;
    this.#redact = redact;
    this.#now = now;
  }

  /**
   * Every event but progress, of which each collection has a line a second, and its last; of being slowed down each change.
   * `slowed` = why the run is slower than it could be.
   */
  event(event: MigrateEvent, slowed: string | null): void {
    if (event.type === "throttled") {
      const { type, end, slowing, isNew } = event;
      if (isNew) this.write(type, { end, slowing, slowed });
      return;
    }
    if (event.type === "progress") {
      const now = this.#now();
      const key = `${event.phase} ${event.collection}`;
      const due = now - (this.#writtenMs.get(key) ?? Number.NEGATIVE_INFINITY) >= progressEveryMs;
      if (!due && event.done !== event.total) return;
      this.#writtenMs.set(key, now);
    }
    const { type, ...fields } = event;
    this.write(type, type === "progress" ? { ...fields, slowed } : fields);
  }

  /** A line of `type` with the members of `data`. */
  write(type: string, data: object): void {
    const text = stringifyPlain({ format: jsonFormat, type, ...data });
    this.#stream.write(`${this.#redact(text)}\n`);
  }
}
