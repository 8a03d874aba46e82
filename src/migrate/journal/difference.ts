/** A difference that verify found, as the journal keeps it. */
import { z } from "zod";
import { storedId } from "./database.ts";

/** What verify can find wrong with a record. */
export const differenceKinds = [
  /** Not at the target. */
  "missing",
  /** Not at the target, and another's point stands in its place. */
  "taken",
  /** At the target with this migration's mark, and no record of the source. */
  "extra",
  "changed-at-target",
  "changed-at-source",
  /** Still at the target, as we wrote it. */
  "deleted-at-source",
  /** Carried, and no longer to be read or carried. */
  "unreadable",
] as const;
export type DifferenceKind = (typeof differenceKinds)[number];

export const differenceSchema = z.object({
  point: z.string(),
  id: storedId,
  kind: z.enum(differenceKinds),
  detail: z.string(),
  /** What stood at the target when it was found, 16 bytes; null = nothing. */
  digest: z.instanceof(Uint8Array).nullable(),
});
export interface Difference {
  readonly point: string;
  readonly id: string;
  readonly kind: DifferenceKind;
  readonly detail: string;
  readonly digest: Uint8Array | null;
}
