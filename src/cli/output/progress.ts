/** How far each collection is: kept from the events of a run, printed by whoever prints. */
import type { Delta, MigrateEvent, Phase } from "../../migrate/request.ts";
import type { Slowing } from "../../store/pace.ts";

export interface Row {
  readonly collection: string;
  phase: Phase;
  done: number;
  total: number | null;
  bytes: number;
  /** Calls that were tried again while this collection was at work. */
  retries: number;
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
  readonly #slowed = new Map<"source" | "target", string>();
  /** Records that the copy of this run has had acknowledged. */
  #copied = 0;
  /** What the run is at now. */
  #phase: Phase | null = null;

  /** Takes an event in; gives the row that it changed. */
  update(event: MigrateEvent, nowMs: number): Row | null {
    if (event.type === "retry") return this.#retried();
    if (event.type === "throttled") {
      if (event.slowing === null) this.#slowed.delete(event.end);
      else this.#slowed.set(event.end, slowingText(event.end, event.slowing));
    }
    if (event.type === "phase") this.#phase = event.phase;
    if (event.type !== "progress") return null;
    const row = this.#row(event, nowMs);
    if (event.phase === "copy") this.#copied += Math.max(0, event.done - row.done);
    row.done = event.done;
    row.total = event.total;
    row.bytes = event.bytes;
    row.updatedMs = nowMs;
    return row;
  }

  get copied(): number {
    return this.#copied;
  }

  /** Why the run is slower than it could be: `source answers in 310 ms (limit 200)`; null when it is not. */
  get slowed(): string | null {
    return this.#slowed.size === 0 ? null : [...new Set(this.#slowed.values())].join("; ");
  }

  /** Rows that changed at or after `sinceMs`, latest last. */
  changed(sinceMs: number): Row[] {
    return [...this.#rows.values()]
      .filter((row) => row.updatedMs >= sinceMs)
      .sort((a, b) => a.updatedMs - b.updatedMs);
  }

  /** Rows of the phase that the run is at, that have changed since and are not through; latest last. */
  moving(sinceMs: number): Row[] {
    return this.changed(sinceMs).filter(
      ({ phase, done, total }) => phase === this.#phase && done !== total,
    );
  }

  #row(event: Extract<MigrateEvent, { type: "progress" }>, nowMs: number): Row {
    const known = this.#rows.get(event.collection);
    if (known?.phase === event.phase) return known;
    const row: Row = {
      collection: event.collection,
      phase: event.phase,
      done: event.done,
      total: event.total,
      bytes: event.bytes,
      retries: known?.retries ?? 0,
      startedMs: nowMs,
      startedDone: event.done,
      startedBytes: event.bytes,
      updatedMs: nowMs,
    };
    this.#rows.set(event.collection, row);
    return row;
  }

  #retried(): Row | null {
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
export function slowingText(end: "source" | "target", slowing: Slowing): string {
  if (slowing.by === "failures") return `${end} had to be asked again`;
  if (slowing.by === "rate") return `${count(slowing.rowsPerSecond)} rows/s at most`;
  return `${end} answers in ${count(slowing.latencyMs)} ms (limit ${count(slowing.limitMs)})`;
}

/** `digi_core  copy  12,000 of 50,000 (24%)  8,123 rows/s  12.3 MB/s  ETA 0:05  2 retries  slowed: 500 rows/s at most`. */
export function rowText(row: Row, nowMs: number, slowed: string | null = null): string {
  const { rowsPerSecond, bytesPerSecond, etaSeconds } = ratesOf(row, nowMs);
  const share = row.total ? ` (${Math.floor((100 * row.done) / row.total)}%)` : "";
  const of = row.total === null ? "" : ` of ${count(row.total)}`;
  const parts = [row.collection, row.phase, `${count(row.done)}${of}${share}`];
  if (rowsPerSecond !== null) parts.push(`${count(Math.round(rowsPerSecond))} rows/s`);
  if (bytesPerSecond) parts.push(`${(bytesPerSecond / 1e6).toFixed(1)} MB/s`);
  if (etaSeconds !== null && row.done !== row.total) parts.push(`ETA ${duration(etaSeconds)}`);
  if (row.retries > 0) parts.push(`${row.retries} ${row.retries === 1 ? "retry" : "retries"}`);
  if (slowed !== null && row.done !== row.total) parts.push(`slowed: ${slowed}`);
  return parts.join("  ");
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
