import { isVectorError, VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { IdsOptions } from "../../store/port.ts";
import { notChroma } from "./answer.ts";
import type { CollectionCalls } from "./calls.ts";
import { statusOf } from "./client.ts";
import { parseIds } from "./page.ts";

/**
 * The ids of a collection in the server's order, `chunkMax` a request at most. By offset, up to an empty page:
 * a record that is deleted and added again meanwhile may be listed twice, one whose predecessors are deleted may be skipped.
 * @throws E_COLLECTION_NOT_FOUND; E_INPUT for a `where` that the server refuses
 */
export async function* listIds(
  calls: CollectionCalls,
  collection: CollectionInfo,
  options: IdsOptions,
  chunkMax: number,
): AsyncGenerator<string[]> {
  const { where, limit = Number.POSITIVE_INFINITY, signal } = options;
  let chunk = Math.min(options.chunk ?? chunkMax, chunkMax);
  let previous: string | undefined;
  for (let offset = 0; offset < limit; ) {
    const request = { where, limit: Math.min(chunk, limit - offset), offset, include: [] };
    const page = await idPage(calls, collection, request, signal);
    if (page === null) {
      chunk = Math.ceil(request.limit / 2);
      continue;
    }
    if (page.length === 0) return;
    if (page[0] === previous) throw notChroma("a list of ids that never ends");
    previous = page[0];
    offset += page.length;
    yield page;
  }
}

/** null = the answer would be too large, and a smaller one can be asked for. */
async function idPage(
  calls: CollectionCalls,
  collection: CollectionInfo,
  request: { where: unknown; limit: number },
  signal: AbortSignal | undefined,
): Promise<string[] | null> {
  try {
    return await calls.ask(collection, { verb: "get", body: request, parse: parseIds }, signal);
  } catch (error) {
    if (!isVectorError(error)) throw error;
    if (error.details["tooLarge"] === true && request.limit > 1) return null;
    const status = statusOf(error);
    if (request.where === undefined || (status !== 400 && status !== 422)) throw error;
    throw new VectorError("E_INPUT", `The server refuses the where: ${error.message}`, {
      cause: error,
      details: { field: "where" },
    });
  }
}
