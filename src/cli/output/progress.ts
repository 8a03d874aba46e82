/** How far each collection is: kept from the events of a run, printed by whoever prints. */
import type { Delta, MigrateEvent, Phase } from "../../migrate/request.ts";
import type { Slowing } from "../../store/pace.ts";
import { oneLine } from "../../util/display-width.ts";
import { type End, Waiting } from "./waiting.ts";

export interface Row {
  /** As it can be printed. */
  readonly collection: string;
  phase: Phase;
  done: number;
  total: number | null;
  bytes: number;
  /** Calls that were tried again while this collection was at work. */
  retries: number;
  /** Records that this run has put into quarantine, in this pass over the collection and in earlier ones. */
  quarantined: number;
  quarantinedBefore: number;
  /** When and where the phase began in this run: a resumed one does not begin at 0. */
  startedMs: number;
  startedDone: number;
  startedBytes: number;
  updatedMs: number;
}

/** One row a collection; nothing a record. */
export class Progress {
  readonly #rows = new Map<string, Row>();
  /** Why each end is slowed down at present. */
  readonly #slowed = new Map<End, Slowing>();
  /** Which end is waited for. */
  readonly waiting = new Waiting();
  /** Records that the copy of this run has had acknowledged. */
  #copied = 0;
  /** What the run is at now. */
  #phase: Phase | null = null;
  /** And at which collection; null = none alone. */
  #collection: string | null = null;

  /** Takes an event in; gives the row that it changed. */
  update(event: MigrateEvent, nowMs: number): Row | null {
    if (event.type === "retry") return this.#retried(event, nowMs);
    if (event.type === "throttled") {
      if (event.slowing === null) this.#slowed.delete(event.end);
      else this.#slowed.set(event.end, event.slowing);
    }
    if (event.type === "phase") {
      this.#phase = event.phase;
      this.#collection = event.collection;
    }
    if (event.type !== "progress") return null;
    this.waiting.moved();
    const row = this.#row(event, nowMs);
    if (event.phase === "copy") this.#copied += Math.max(0, event.done - row.done);
    row.done = event.done;
    row.total = event.total;
    row.bytes = event.bytes;
    const before = row.quarantined - row.quarantinedBefore;
    // Fewer than before: another pass has begun.
    if (event.quarantined < before) row.quarantinedBefore += before;
    row.quarantined = row.quarantinedBefore + event.quarantined;
    row.updatedMs = nowMs;
    return row;
  }

  get copied(): number {
    return this.#copied;
  }

  /** What the run is at; null before it has begun. */
  get phase(): Phase | null {
    return this.#phase;
  }

  /** Why the run is slower than it could be: `source answers in 310 ms (limit 200)`; null when it is not. */
  get slowed(): string | null {
    const texts = [...this.#slowed].map(([end, slowing]) => slowingText(end, slowing));
    return texts.length === 0 ? null : [...new Set(texts)].join("; ");
  }

  /** What the run waits for now: `source`, `target`, `own limit`, `retry 3 s`, or `itself`. */
  waitsFor(nowMs: number): string {
    const retry = this.waiting.retryAt(nowMs);
    if (retry !== null) return `retry ${Math.ceil((retry.untilMs - nowMs) / 1_000)} s`;
    const isOwn = [...this.#slowed.values()].some(({ by }) => by !== "failures");
    return isOwn ? "own limit" : this.waiting.end(nowMs);
  }

  /** Why nothing goes on at present: `target failed (E_UNREACHABLE), asked again in 3 s (try 2)`; null while something does. */
  retrying(nowMs: number): string | null {
    const retry = this.waiting.retryAt(nowMs);
    if (retry === null) return null;
    const seconds = Math.ceil((retry.untilMs - nowMs) / 1_000);
    const { end, code, attempt } = retry;
    return `${end} failed (${code}), asked again in ${seconds} s (try ${attempt + 1})`;
  }

  /** Rows that changed at or after `sinceMs`, latest last. */
  changed(sinceMs: number): Row[] {
    return [...this.#rows.values()]
      .filter((row) => row.updatedMs >= sinceMs)
      .sort((a, b) => a.updatedMs - b.updatedMs);
  }

  /**
   * Rows of the phase that the run is at, that have changed since and are not through; latest last. The collection at work is
   * among them however long ago it has changed; of others whose end nobody knows it is taken that they are through.
   */
  moving(sinceMs: number): Row[] {
    const current = this.#collection === null ? undefined : this.#rows.get(this.#collection);
    return this.changed(0).filter((row) => {
      if (row.phase !== this.#phase || row.done === row.total) return false;
      return row === current || (row.updatedMs >= sinceMs && row.total !== null);
    });
  }

  #row(event: Extract<MigrateEvent, { type: "progress" }>, nowMs: number): Row {
    const known = this.#rows.get(event.collection);
    if (known?.phase === event.phase) return known;
    const row: Row = {
      collection: oneLine(event.collection),
      phase: event.phase,
      done: event.done,
      total: event.total,
      bytes: event.bytes,
      retries: known?.retries ?? 0,
      quarantined: known?.quarantined ?? 0,
      quarantinedBefore: known?.quarantined ?? 0,
      startedMs: nowMs,
      startedDone: event.done,
      startedBytes: event.bytes,
      updatedMs: nowMs,
    };
    this.#rows.set(event.collection, row);
    return row;
  }

  #retried(event: Extract<MigrateEvent, { type: "retry" }>, nowMs: number): Row | null {
    const { end, code, attempt, delayMs } = event;
    this.waiting.retry({ end, code, attempt, untilMs: nowMs + delayMs });
    const row = this.changed(0).at(-1);
    if (row === undefined) return null;
    row.retries += 1;
    return row;
  }
}

export interface Rates {
  readonly rowsPerSecond: number | null;
  readonly bytesPerSecond: number | null;
  readonly etaSeconds: number | null;
}

/** Means since the phase began in this run; null while nothing can be said. */
export function ratesOf(row: Row, nowMs: number): Rates {
  const seconds = (nowMs - row.startedMs) / 1_000;
  const rows = row.done - row.startedDone;
  if (seconds < 0.1 || rows <= 0) {
    return { rowsPerSecond: null, bytesPerSecond: null, etaSeconds: null };
  }
  const rowsPerSecond = rows / seconds;
  return {
    rowsPerSecond,
    bytesPerSecond: (row.bytes - row.startedBytes) / seconds,
    etaSeconds: row.total === null ? null : Math.max(0, row.total - row.done) / rowsPerSecond,
  };
}

/** Why an end is slowed down, in words. */
function slowingText(end: End, slowing: Slowing): string {
  if (slowing.by === "failures") return `${end} had to be asked again`;
  if (slowing.by === "rate") return `${count(slowing.rowsPerSecond)} rows/s at most`;
  return `${end} answers in ${count(slowing.latencyMs)} ms (limit ${count(slowing.limitMs)})`;
}

/** What holds a run up, beside its rows. */
export interface Held {
  readonly slowed: string | null;
  readonly waitsFor: string | null;
}

/**
 * `digi_core  copy  12,000 of 50,000 (24%)  8,123 rows/s  12.3 MB/s  ETA 0:05  lag 38,000  2 retries  3 in quarantine  waits for
 * target  slowed: 500 rows/s at most`; of what is through only how it went.
 */
export function rowText(row: Row, nowMs: number, held: Held = nothingHeld): string {
  return rowParts(row, nowMs, held).join("  ");
}

export const nothingHeld: Held = { slowed: null, waitsFor: null };

/** The parts of `rowText`. */
export function rowParts(row: Row, nowMs: number, { slowed, waitsFor }: Held): string[] {
  const { rowsPerSecond, bytesPerSecond, etaSeconds } = ratesOf(row, nowMs);
  const share = row.total ? ` (${Math.floor((100 * row.done) / row.total)}%)` : "";
  const of = row.total === null ? "" : ` of ${count(row.total)}`;
  const parts = [row.collection, row.phase, `${count(row.done)}${of}${share}`];
  const [isOver, lag] = [row.done === row.total, lagOf(row)];
  if (rowsPerSecond !== null) parts.push(`${count(Math.round(rowsPerSecond))} rows/s`);
  if (bytesPerSecond) parts.push(`${(bytesPerSecond / 1e6).toFixed(1)} MB/s`);
  if (etaSeconds !== null && !isOver) parts.push(`ETA ${duration(etaSeconds)}`);
  if (lag !== null && !isOver) parts.push(`lag ${count(lag)}`);
  if (row.retries > 0)
    parts.push(`${count(row.retries)} ${row.retries === 1 ? "retry" : "retries"}`);
  if (row.quarantined > 0) parts.push(`${count(row.quarantined)} in quarantine`);
  if (waitsFor !== null && !isOver) parts.push(`waits for ${waitsFor}`);
  if (slowed !== null && !isOver) parts.push(`slowed: ${slowed}`);
  return parts;
}

/** Of a copy: records that the source is known to have, and the target does not hold yet as far as is noted. Null elsewhere. */
export function lagOf({ phase, done, total }: Row): number | null {
  const isCopy = phase === "copy" || phase === "repair";
  return isCopy && total !== null ? Math.max(0, total - done) : null;
}

/** `312 added, 288 changed, 40 deleted`. */
export function deltaText({ added, changed, deleted }: Delta): string {
  return `${count(added)} added, ${count(changed)} changed, ${count(deleted)} deleted`;
}

/** A number with commas between thousands. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** `0:05`, `12:40`, `3:02:09`. */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}
