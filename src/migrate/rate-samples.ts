/** How fast a run went at each time: a bounded number of samples, taken from its events. */
import type { MigrateEvent, Phase, RateSample } from "./request.ts";

/** As many are kept at most; then every other one goes, and they are taken half as often. */
export const samplesMax = 240;
const firstIntervalMs = 500;

/** Takes the events of a run in; nothing of it grows with records. */
export class RateSamples {
  readonly #now: () => number;
  readonly #startMs: number;
  #samples: RateSample[] = [];
  #intervalMs = firstIntervalMs;
  #phase: Phase | null = null;
  /** Of the phase at work: what each collection has had through, and where it began in this run. */
  readonly #done = new Map<string, { records: number; bytes: number }>();
  #records = 0;
  #bytes = 0;
  #takenMs = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#startMs = now();
  }

  event(event: MigrateEvent): void {
    // What comes in between without progress, a wait for an index say, is no time of the phase before.
    if (event.type === "phase" && event.phase !== this.#phase) this.#end();
    if (event.type !== "progress") return;
    if (event.phase !== this.#phase) this.#begin(event.phase);
    const { done: records, bytes } = event;
    const known = this.#done.get(event.collection) ?? { records: 0, bytes: 0 };
    // A collection that is gone through once more begins at 0 again.
    this.#records += records >= known.records ? records - known.records : records;
    this.#bytes += bytes >= known.bytes ? bytes - known.bytes : bytes;
    this.#done.set(event.collection, { records, bytes });
    if (this.#now() - this.#takenMs >= this.#intervalMs) this.#take();
  }

  /** All samples, that of now too. */
  get samples(): readonly RateSample[] {
    return this.#phase === null ? this.#samples : [...this.#samples, this.#sample(this.#phase)];
  }

  #end(): void {
    this.#take();
    this.#phase = null;
  }

  #begin(phase: Phase): void {
    this.#end();
    this.#phase = phase;
    this.#done.clear();
    this.#records = 0;
    this.#bytes = 0;
    this.#take();
  }

  #take(): void {
    if (this.#phase === null) return;
    this.#samples.push(this.#sample(this.#phase));
    this.#takenMs = this.#now();
    if (this.#samples.length < samplesMax) return;
    this.#samples = thinned(this.#samples);
    this.#intervalMs *= 2;
  }

  #sample(phase: Phase): RateSample {
    const atMs = Math.round(this.#now() - this.#startMs);
    return { atMs, phase, records: this.#records, bytes: this.#bytes };
  }
}

/** Every other sample, and those at which a phase begins or ends; of very many phases the oldest go. */
function thinned(samples: readonly RateSample[]): RateSample[] {
  const kept = samples.filter(
    ({ phase }, at) =>
      at % 2 === 0 || samples[at - 1]?.phase !== phase || samples[at + 1]?.phase !== phase,
  );
  return kept.slice(-Math.floor((samplesMax * 3) / 4));
}
