/**
 * Digests of all points, by gRPC: this thread reads, another decodes and sums up. Decoding and digests are two thirds of what
 * reading a point costs here, and the server waits meanwhile where one thread does both.
 */
import type { Layout } from "../../model/collection.ts";
import { pointDigests } from "../../store/digests.ts";
import type { PointDigests } from "../../store/port.ts";
import { Thread } from "../../util/thread.ts";
import type { MessageRoad, QdrantApi, ScrollMessage } from "./api.ts";
import { toBatch } from "./convert.ts";
import { type DigestQuestion, digestMessage } from "./digest-message.ts";
import { type ScanOptions, scanMessages } from "./paging.ts";

/** A smaller page is done before the other thread has begun with it. */
const handedFromBytes = 1024 * 1024;
/** Pages that the other thread has and has not done. */
const pagesAhead = 2;

export interface DigestScan extends ScanOptions {
  readonly layout: Layout | null;
}

/** Every point once, in the order of point ids. */
export async function* digestPages(
  api: QdrantApi,
  road: MessageRoad,
  name: string,
  scan: DigestScan,
): AsyncGenerator<PointDigests> {
  let thread: DigestThread | null = null;
  let from = scan.from ?? null;
  const ahead: Promise<PointDigests>[] = [];
  const digest = async ({ message, rows }: ScrollMessage, first: string | null) => {
    const question = { message, dimension: scan.dimension, layout: scan.layout };
    if (message.length >= handedFromBytes) thread ??= startThread();
    const found = await (thread === null
      ? digestMessage(question)
      : thread.ask(question, [message.buffer]));
    return found ?? (await readAgain(api, name, scan, first, rows));
  };
  try {
    for await (const page of scanMessages(road, name, scan)) {
      const coming = digest(page, from);
      // It is awaited when its turn has come; until then its failure is nobody's.
      coming.catch(() => undefined);
      ahead.push(coming);
      from = page.next;
      const done = ahead.length > pagesAhead ? ahead.shift() : undefined;
      if (done !== undefined) yield await done;
    }
    for (const coming of ahead) yield await coming;
  } finally {
    await (thread as DigestThread | null)?.[Symbol.asyncDispose]();
  }
}

type DigestThread = Thread<DigestQuestion, PointDigests | null>;

function startThread(): DigestThread {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  return new Thread(new URL(`./digest-worker${extension}`, import.meta.url), {
    name: "vecferry digests",
  });
}

/** Whoever writes meanwhile may shift it by a point: verify reads what seems different anew. */
async function readAgain(
  api: QdrantApi,
  name: string,
  { layout, ...scan }: DigestScan,
  from: string | null,
  rows: number,
): Promise<PointDigests> {
  return pointDigests(toBatch(await api.scroll(name, { ...scan, limit: rows, from }), layout));
}
