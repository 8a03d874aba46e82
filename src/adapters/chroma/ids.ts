import { isVectorError, VectorError } from "../../errors.ts";
import type { IdsOptions } from "../../store/port.ts";
import { notChroma } from "./answer.ts";
import type { CollectionCalls, KnownCollection } from "./calls.ts";
import { statusOf } from "./client.ts";
import { parseIds } from "./page.ts";
import { PageSize, type Quotas } from "./quotas.ts";

/**
 * The ids of a collection in the server's order. By offset, up to an empty page, for a short one need not be the last:
 * a record that is deleted and added again meanwhile may be listed twice, one whose predecessors are deleted may be skipped.
 * @throws E_COLLECTION_NOT_FOUND; E_INPUT for a `where` that the server refuses
 */
export async function* listIds(
  calls: CollectionCalls,
  collection: KnownCollection,
  options: IdsOptions,
  { idsMax, enforced, pagesMax }: Quotas,
): AsyncGenerator<string[]> {
  const { where, limit = Number.POSITIVE_INFINITY, signal } = options;
  const size = new PageSize(Math.min(options.chunk ?? idsMax, idsMax), enforced);
  let pages = 1;
  let previous: string | undefined;
  for (let offset = 0; offset < limit; ) {
    const requests = nextRequests(offset, limit, size.rows, pages);
    const answers = await together(requests, signal, (request, either) =>
      idPage(calls, collection, { where, ...request, include: [] }, size, either),
    );
    pages = Math.min(pages * 2, pagesMax);
    for (const [at, page] of answers.entries()) {
      const asked = requests[at]?.limit ?? 0;
      if (page?.length === 0) return;
      if (page !== null) {
        if (page[0] === previous) throw notChroma("a list of ids that never ends");
        previous = page[0];
        offset += page.length;
        yield page;
      }
      if (page?.length === asked) continue;
      // What comes after a page that is short was asked for at offsets that leave a gap.
      pages = 1;
      break;
    }
  }
}

interface PageRequest {
  readonly limit: number;
  readonly offset: number;
}

/** Pages that follow one another, if each is full. */
function nextRequests(from: number, end: number, rows: number, pages: number): PageRequest[] {
  return Array.from({ length: pages }, (_, page) => from + page * rows)
    .filter((offset) => offset < end)
    .map((offset) => ({ offset, limit: Math.min(rows, end - offset) }));
}

/** All answers, in order. The first failure ends the requests that are still out. */
async function together<Request, Answer>(
  requests: readonly Request[],
  signal: AbortSignal | undefined,
  ask: (request: Request, signal: AbortSignal) => Promise<Answer>,
): Promise<Answer[]> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  try {
    return await Promise.all(requests.map((request) => ask(request, either)));
  } finally {
    stop.abort();
  }
}

/** null = it is more than can be answered at once, and fewer can be asked for. */
async function idPage(
  calls: CollectionCalls,
  collection: KnownCollection,
  request: PageRequest & { readonly where: unknown; readonly include: readonly string[] },
  size: PageSize,
  signal: AbortSignal,
): Promise<string[] | null> {
  try {
    return await calls.ask(collection, { verb: "get", body: request, parse: parseIds }, signal);
  } catch (error) {
    if (!isVectorError(error)) throw error;
    if (size.isRefused(error, request.limit)) return null;
    const status = statusOf(error);
    if (request.where === undefined || (status !== 400 && status !== 422)) throw error;
    throw new VectorError("E_INPUT", `The server refuses the where: ${error.message}`, {
      cause: error,
      details: { field: "where" },
    });
  }
}
