/**
 * How many requests a server is sent at once, found by trying: one more as long as more comes back in the same time, half as
 * many when it refuses, one fewer when it has become slow. Pure: the clock and what happened are handed in.
 */

export interface FlightBounds {
  /** Requests in flight at most. */
  readonly max: number;
  /** Requests in flight at first. Default 2, or `max` where that is less. */
  readonly start?: number | undefined;
}

/** An answer that came. */
export interface Landing {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** What it brought, in any unit that time goes with: bytes, rows. */
  readonly amount: number;
  /** Whether every place was taken: else the sender is the slow one, and nothing is learnt of the server. */
  readonly full: boolean;
}

/** Answers that a judgement rests on: as many to each place, and never fewer than the second. */
const answersPerPlace = 3;
const answersMin = 8;
/** One request more must bring this much more. */
const gainMin = 1.05;
/** As many times the time that the same amount once took, and a server counts as slow. */
const slowFrom = 2;
/** Answers whose mean amounts differ by more are not compared: by their amount, small ones always take longer. */
const likeUpTo = 1.4;
/** What a server once could fades by this much with each judgement: it may have slowed down for good. */
const fading = 1.05;
/** Judgements until a further request is tried again; after each try in vain twice as many. */
const restMin = 4;
const restMax = 64;

interface Window {
  sinceMs: number;
  answers: number;
  amount: number;
  /** Sum of what the answers took each. */
  latencyMs: number;
}

export class FlightLimit {
  readonly #max: number;
  #places: number;
  #window: Window | null = null;
  /** Amount a millisecond before the last request was added; null = none is on trial. */
  #before: number | null = null;
  /** The least time that an amount of one took, by places; of answers that brought about `#like` each. */
  readonly #best: number[] = [];
  #like = 0;
  #rest = 0;
  #nextRest = restMin;
  #cutAtMs = Number.NEGATIVE_INFINITY;

  constructor({ max, start = 2 }: FlightBounds) {
    this.#max = Math.max(1, max);
    this.#places = Math.max(1, Math.min(start, this.#max));
  }

  /** Requests that may be in flight now: 1 to `max`. */
  get places(): number {
    return this.#places;
  }

  /** An answer came, and the server took no offence. */
  landed({ startedAtMs, endedAtMs, amount, full }: Landing): void {
    // What was sent before the last change says nothing about the places of now.
    if (!full || startedAtMs < this.#cutAtMs) {
      this.#window = null;
      return;
    }
    const window = this.#window;
    if (window === null) {
      // Counted from the first answer's end: from its start, more places would look like less in the same time.
      this.#window = { sinceMs: endedAtMs, answers: 0, amount: 0, latencyMs: 0 };
      return;
    }
    window.answers += 1;
    window.amount += amount;
    window.latencyMs += endedAtMs - startedAtMs;
    const enough = Math.max(answersMin, answersPerPlace * this.#places);
    const elapsedMs = endedAtMs - window.sinceMs;
    if (window.answers < enough || elapsedMs <= 0 || window.amount <= 0) return;
    this.#window = null;
    this.#compareLike(window.amount / window.answers);
    this.#judge(window.amount / elapsedMs, window.latencyMs / window.amount, endedAtMs);
  }

  /** The server refused for having too much to do (429, 503), or was silent for too long. Several at once count as one. */
  overloaded(startedAtMs: number, nowMs: number): void {
    if (startedAtMs < this.#cutAtMs) return;
    this.#change(Math.floor(this.#places / 2), nowMs);
    this.#before = null;
    this.#rest = this.#nextRest;
  }

  /** Forgets what answers of another amount were like, a request on trial among them. */
  #compareLike(amount: number): void {
    if (amount <= likeUpTo * this.#like && this.#like <= likeUpTo * amount) return;
    this.#like = amount;
    this.#best.length = 0;
    this.#before = null;
  }

  /** `rate` = amount a millisecond, `pace` = milliseconds that an amount of one took. */
  #judge(rate: number, pace: number, nowMs: number): void {
    const best = this.#best[this.#places];
    this.#best[this.#places] = Math.min(pace, (best ?? pace) * fading);
    if (this.#before !== null) this.#decide(rate, this.#before, nowMs);
    else if (best !== undefined && pace > slowFrom * best) {
      this.#change(this.#places - 1, nowMs);
      this.#rest = restMin;
    } else if (this.#rest > 0) this.#rest -= 1;
    else this.#try(rate, nowMs);
  }

  /** What becomes of the request on trial. */
  #decide(rate: number, before: number, nowMs: number): void {
    this.#before = null;
    if (rate >= gainMin * before) {
      this.#nextRest = restMin;
      this.#try(rate, nowMs);
      return;
    }
    this.#change(this.#places - 1, nowMs);
    this.#rest = this.#nextRest;
    this.#nextRest = Math.min(restMax, this.#nextRest * 2);
  }

  #try(rate: number, nowMs: number): void {
    if (this.#places === this.#max) return;
    this.#before = rate;
    this.#change(this.#places + 1, nowMs);
  }

  #change(places: number, nowMs: number): void {
    this.#places = Math.max(1, Math.min(this.#max, places));
    this.#window = null;
    this.#cutAtMs = nowMs;
  }
}
