/** Reading page by page, with pages of bounded size whatever the points hold. */
import { setImmediate } from "node:timers/promises";
import { isVectorError } from "../../errors.ts";
import type { Layout } from "../../model/collection.ts";
import { joinColumns } from "../../model/column-rows.ts";
import { digestBytes } from "../../model/digest.ts";
import { isCanonicalUuid } from "../../model/point-id.ts";
import { vectorBytes } from "../../model/vector-column.ts";
import type {
  PointColumns,
  PointFilter,
  QdrantApi,
  ReadColumns,
  ScrollColumns,
  ScrollPage,
  WantedVector,
} from "./api.ts";
import { sliceRows } from "./convert.ts";

/** Bytes that a page aims at. */
const pageBytes = 4 * 1024 * 1024;
/** Bytes of a message that is worked on as it came. */
const messageBytes = 2 * 1024 * 1024;
const startRows = 64;
/** A page has at most so many times the rows of the one before: payloads may be larger further on. */
const growth = 8;
/** Pages that are asked for and not taken yet, at most. */
const comingMax = 2;
/** Bytes of a component as a JSON number, at most, with its comma. */
const componentBytes = 12;
/** Numbers that a sparse vector is reckoned with, and vectors of a point that has several, before any was seen. */
const sparseComponents = 512;
const multiVectors = 64;
/** Bytes of a component as a JSON number for each of its bytes in memory. */
const jsonPerByte = 3;
/** Bytes of what stands around a point. */
const pointBytes = 100;

export interface ScanOptions extends ReadColumns {
  /** Rows a page at most. */
  readonly rowsMax: number;
  /** Default: all points. */
  readonly filter?: PointFilter | undefined;
  /** The point to begin at, or at the next one behind it; default: the first. */
  readonly from?: string;
  /** The UUID to end with, or with the one before it; default: the last. */
  readonly to?: string | undefined;
  /** See `ScrollColumns`. */
  readonly digests?: Layout | undefined;
}

/** A page that was asked for. */
interface Coming {
  readonly from: string | null;
  readonly page: Promise<ScrollPage>;
  /** The first point of the page behind it, where that was told early. */
  next?: string;
}

/**
 * Every point once, in the order of point ids. While the caller works on a page the next one is on its way; where the road
 * tells early where that one begins, it is asked for before this one is decoded. Pages aim at 4 MiB; one that turns out too
 * large to be taken is asked for again by half.
 */
export async function* scanPages(
  api: QdrantApi,
  name: string,
  options: ScanOptions,
): AsyncGenerator<ScrollPage> {
  const { to, ...columns } = options;
  const bare = !options.payload && options.vectors.length === 0;
  let rows = bare ? options.rowsMax : Math.min(options.rowsMax, startRows);
  /** In their order; the first is the one that is awaited, or the next to be. */
  const coming: Coming[] = [];
  const ask = (from: string | null): void => {
    const onNext = (next: string): void => {
      asked.next = next;
      askAhead();
    };
    const page = readPage(api, name, { ...columns, onNext, from }, rows);
    // It is awaited on a later turn; until then its failure is nobody's.
    page.catch(() => undefined);
    const asked: Coming = { from, page };
    coming.push(asked);
  };
  const askAhead = (): void => {
    const next = coming.at(-1)?.next;
    if (next !== undefined && !isPast(next, to) && coming.length < comingMax) ask(next);
  };
  try {
    ask(options.from ?? null);
    for (let asked = coming[0]; asked !== undefined; asked = coming[0]) {
      const page = await asked.page;
      coming.shift();
      // What was told early may have been another answer's, where the call was tried again.
      if (coming[0]?.from !== page.next) coming.length = 0;
      rows = Math.min(options.rowsMax, rows * growth, rowsOf(page));
      const waiting = coming.length;
      const ended = page.next === null || isPast(page.next, to);
      if (page.next !== null && !ended && waiting === 0) ask(page.next);
      else askAhead();
      if (coming.length > waiting) {
        // A request leaves when the event loop turns: else it would wait until the caller has worked through this page.
        await setImmediate();
      }
      const end = ended ? page.points.findIndex((point) => isPast(point, to)) : -1;
      const rest = end === -1 ? page : firstRows(page, end);
      if (rest.points.length > 0) yield rest;
    }
  } finally {
    await Promise.allSettled(coming.map(({ page }) => page));
  }
}

/** Whether a point comes behind the UUID `to`; numbers come before every UUID. */
function isPast(point: string, to: string | undefined): boolean {
  return to !== undefined && isCanonicalUuid(point) && point > to;
}

function firstRows(page: ScrollPage, end: number): ScrollPage {
  if (page.digests === undefined) return { ...page, ...sliceRows(page, 0, end) };
  const { points, runs, collections, digests } = page.digests;
  const first = {
    points: points.slice(0, end),
    runs: runs.slice(0, end),
    collections: collections.slice(0, end),
    digests: digests.subarray(0, end * digestBytes),
  };
  return { ...page, points: first.points, digests: first };
}

/** How many points there are, one by one: where strict mode keeps a server from counting exactly. */
export async function countPages(
  api: QdrantApi,
  name: string,
  options: Omit<ScanOptions, "payload" | "vectors">,
): Promise<number> {
  let count = 0;
  const bare = { ...options, payload: false, vectors: [] };
  for await (const { points } of scanPages(api, name, bare)) count += points.length;
  return count;
}

/** How many rows like those of `page` the next one aims at. */
function rowsOf(page: ScrollPage): number {
  const { points, payloads } = page;
  if (page.bytes !== undefined)
    return Math.max(1, Math.floor((messageBytes * points.length) / page.bytes));
  const payloadBytes = payloads.reduce((sum, payload) => sum + (payload?.length ?? 0), 0);
  const pageOf = vectorBytes(page) * jsonPerByte + payloadBytes;
  const rowBytes = pointBytes + pageOf / Math.max(1, points.length);
  return Math.max(1, Math.floor(pageBytes / rowBytes));
}

async function readPage(
  api: QdrantApi,
  name: string,
  options: Omit<ScrollColumns, "limit">,
  rows: number,
): Promise<ScrollPage> {
  for (let limit = rows; ; limit = Math.ceil(limit / 2)) {
    try {
      return await api.scroll(name, { ...options, limit });
    } catch (error) {
      if (limit === 1 || !isTooLarge(error)) throw error;
    }
  }
}

/** The points that are there, in as many calls as keep each answer bounded. */
export async function retrieveAll(
  api: QdrantApi,
  name: string,
  points: readonly string[],
  options: ReadColumns,
): Promise<PointColumns> {
  const rows = Math.ceil(pageBytes / (pointBytes + jsonBytes(options.vectors)));
  const pages: PointColumns[] = [];
  for (let start = 0; start < points.length; start += rows)
    pages.push(...(await retrieveSome(api, name, points.slice(start, start + rows), options)));
  return joinPages(pages, options);
}

async function retrieveSome(
  api: QdrantApi,
  name: string,
  points: readonly string[],
  options: ReadColumns,
): Promise<PointColumns[]> {
  try {
    return [await api.retrieve(name, points, options)];
  } catch (error) {
    if (points.length === 1 || !isTooLarge(error)) throw error;
  }
  const half = Math.ceil(points.length / 2);
  return [
    ...(await retrieveSome(api, name, points.slice(0, half), options)),
    ...(await retrieveSome(api, name, points.slice(half), options)),
  ];
}

/** Whether an answer was larger than is taken. */
function isTooLarge(error: unknown): boolean {
  return isVectorError(error, "E_BAD_RESPONSE") && error.details["tooLarge"] === true;
}

/** Pages as one. */
function joinPages(pages: readonly PointColumns[], { vectors }: ReadColumns): PointColumns {
  const [first] = pages;
  if (pages.length === 1 && first !== undefined) return first;
  return {
    points: pages.flatMap((page) => page.points),
    vectors: new Map(
      pages.length === 0
        ? []
        : vectors.map(({ name }) => [
            name,
            joinColumns(pages.map((page) => [page.points.length, page.vectors.get(name)])),
          ]),
    ),
    payloads: pages.flatMap((page) => page.payloads),
  };
}

/** Bytes that the vectors of a point take as JSON, about. */
function jsonBytes(vectors: readonly WantedVector[]): number {
  return vectors.reduce((sum, { kind, dimension }) => {
    const components = kind === "sparse" ? sparseComponents : (dimension ?? 0);
    return sum + componentBytes * components * (kind === "multi" ? multiVectors : 1);
  }, 0);
}
