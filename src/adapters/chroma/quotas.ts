/** What a Chroma lets be asked of it, as data: its quotas are kept before it must refuse. */
import { isVectorError } from "../../errors.ts";
import { type RequestLimits, statusOf } from "./client.ts";

export interface Quotas extends RequestLimits {
  /** Ids that one request of a listing may ask for. */
  readonly idsMax: number;
  /** Records that one request may ask for. */
  readonly recordsMax: number;
  /** Whether a 422 may mean that these are more than the server takes. */
  readonly enforced: boolean;
  /** Pages of a listing that are asked for at once, at most. */
  readonly pagesMax: number;
}

/** Of a server of one's own, whatever its version. */
export const serverLimits: RequestLimits = { requestsMax: 8, attempts: 7 };

/** A server of one's own has no quotas; what it bears depends on its version. */
export function serverQuotas(version: string | null): Quotas {
  const python = version?.startsWith("0.") ?? false;
  return {
    ...serverLimits,
    // 1.x lists 400,000 in a second; the Python servers read the metadata of every record they list.
    idsMax: python ? 20_000 : 100_000,
    // 1.x cannot answer more than 32,765 ids; beyond a thousand little grows cheaper.
    recordsMax: 2000,
    enforced: false,
    pagesMax: 1,
  };
}

/**
 * Chroma Cloud's: 300 results a call and 10 concurrent reads a collection (docs.trychroma.com/cloud/quotas-limits), raised
 * for some customers; no number is published for its rate limit, hence more patience. What its pre-flight check calls
 * max_batch_size (1000) is more than it takes.
 */
export const cloudQuotas: Quotas = {
  idsMax: 300,
  recordsMax: 300,
  enforced: true,
  pagesMax: 8,
  requestsMax: 8,
  attempts: 12,
};

/** Rows that a request may ask for, as far as is known. Grows smaller where the server turns out to take fewer. */
export class PageSize {
  readonly #enforced: boolean;
  #rows: number;

  constructor(rows: number, enforced: boolean) {
    this.#rows = rows;
    this.#enforced = enforced;
  }

  get rows(): number {
    return this.#rows;
  }

  /**
   * Learns from the error that a request for `asked` rows ended with; true = fewer may be asked for now. Of a refusal's
   * words only the figures count: `asked` and a smaller one are usage and limit. Without such a pair it is half as many.
   */
  isRefused(error: unknown, asked: number): boolean {
    if (!isVectorError(error) || asked <= 1) return false;
    const { tooLarge, figures } = error.details;
    const overQuota = this.#enforced && statusOf(error) === 422;
    if (tooLarge !== true && !overQuota) return false;
    const limit = overQuota ? limitIn(figures, asked) : null;
    this.#rows = Math.min(this.#rows, limit ?? asked >> 1);
    return true;
  }
}

function limitIn(figures: unknown, asked: number): number | null {
  if (!Array.isArray(figures) || !figures.includes(asked)) return null;
  const smaller = figures.filter((figure) => figure >= 1 && figure < asked);
  return smaller.length === 0 ? null : Math.max(...smaller);
}
