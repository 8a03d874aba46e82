/** The entries of a payload's maps, in the order of their keys: a server's own order is any. */
import type { Reader } from "./protobuf.ts";

/** Numbers that are kept of an entry. */
export const perEntry = 4;

/** So many entries are put in their place as they come; with more that takes long, and they are sorted when all are there. */
const insertedMax = 32;

/** Entries that wait for their turn. Those of a map within a map lie behind those of the outer one: `top` is where they begin. */
export class Entries {
  /** By key: where the key starts and ends, where the value starts (−1 = nowhere), the key's rank. */
  readonly spans: number[] = [];
  /** Where the entries end. */
  top = 0;

  /** Puts an entry among those from `base` on, where its key belongs; of two with one key the later counts. */
  collect(reader: Reader, base: number): void {
    const outer = reader.open();
    let start = reader.at;
    let end = start;
    let value = -1;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 10) {
        start = reader.span();
        end = reader.at;
        continue;
      }
      if (tag === 18) value = reader.at;
      reader.skip(tag);
    }
    reader.close(outer);
    const { bytes } = reader;
    const spans = this.spans;
    const rank = rankOf(bytes, start, end);
    let place = this.top;
    const last = place - base > insertedMax * perEntry ? place : base;
    for (; place > last; place -= perEntry) {
      const order =
        rank - (spans[place - 1] ?? 0) ||
        compare(bytes, start, end, spans[place - 4] ?? 0, spans[place - 3] ?? 0);
      if (order > 0) break;
      if (order === 0) {
        spans[place - 2] = value;
        return;
      }
    }
    for (let at = this.top - 1; at >= place; at -= 1) spans[at + perEntry] = spans[at] ?? 0;
    spans[place] = start;
    spans[place + 1] = end;
    spans[place + 2] = value;
    spans[place + 3] = rank;
    this.top += perEntry;
  }

  /** Collects every entry of the map that is open; where they begin. */
  collectAll(reader: Reader): number {
    const base = this.top;
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === 10) this.collect(reader, base);
      else reader.skip(tag);
    }
    return base;
  }

  /** To be called when all entries from `base` on are there. */
  settle(bytes: Buffer, base: number): void {
    if (this.top - base > insertedMax * perEntry) this.#sort(bytes, base);
  }

  /** Sorts the entries from `base` on; of those with one key the last counts. */
  #sort(bytes: Buffer, base: number): void {
    const spans = this.spans;
    const places: number[] = [];
    for (let at = base; at < this.top; at += perEntry) places.push(at);
    const order = (one: number, other: number): number =>
      compare(
        bytes,
        spans[one] ?? 0,
        spans[one + 1] ?? 0,
        spans[other] ?? 0,
        spans[other + 1] ?? 0,
      );
    const sorted = places
      .sort(order)
      .filter((place, at, all) => at + 1 === all.length || order(place, all[at + 1] ?? 0) !== 0)
      .flatMap((place) => spans.slice(place, place + perEntry));
    for (const [step, number] of sorted.entries()) spans[base + step] = number;
    this.top = base + sorted.length;
  }
}

/** The first bytes of a key as a number: what compares most keys. */
function rankOf(bytes: Buffer, start: number, end: number): number {
  const first = start < end ? (bytes[start] ?? 0) : 0;
  const second = start + 1 < end ? (bytes[start + 1] ?? 0) : 0;
  const third = start + 2 < end ? (bytes[start + 2] ?? 0) : 0;
  return (first << 16) | (second << 8) | third;
}

/** Below 0, 0 or above 0 as the one key comes before the other, is it, or comes behind it: byte by byte. */
function compare(
  bytes: Buffer,
  start: number,
  end: number,
  otherStart: number,
  otherEnd: number,
): number {
  const length = Math.min(end - start, otherEnd - otherStart);
  for (let step = 0; step < length; step += 1) {
    const difference = (bytes[start + step] ?? 0) - (bytes[otherStart + step] ?? 0);
    if (difference !== 0) return difference;
  }
  return end - start - (otherEnd - otherStart);
}
