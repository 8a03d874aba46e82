/** Digests of a page, from the message that came. */
import type { Layout } from "../../model/collection.ts";
import { pointDigests } from "../../store/digests.ts";
import type { PointDigests } from "../../store/port.ts";
import { decodeScrollAnswer } from "../../wire/scroll.ts";
import { toBatch } from "./convert.ts";

export interface DigestQuestion {
  readonly message: Uint8Array<ArrayBuffer>;
  readonly dimension: number;
  /** null = no point of it was written by vecferry. */
  readonly layout: Layout | null;
}

/** null = gRPC leaves open what a number of the page is, or the message is none: it is to be read again by `scroll`. */
export function digestMessage({ message, dimension, layout }: DigestQuestion): PointDigests | null {
  try {
    const page = decodeScrollAnswer(message, dimension);
    return page.doubtful.length > 0 ? null : pointDigests(toBatch(page, layout));
  } catch {
    return null;
  }
}
