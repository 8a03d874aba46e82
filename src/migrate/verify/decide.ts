/** What a record's three witnesses say together: the journal, the source as it is now, and the target. */
import { sameDigest } from "../digests.ts";
import type { DifferenceKind } from "../journal/difference.ts";
import { recordStates } from "../journal/row.ts";

/** What is known of one record. Digests of 16 bytes. */
export interface Sight {
  /** The journal's state of the record, and the digest of what was written. */
  readonly state: number;
  readonly journal: Uint8Array | null;
  /** The source's record now, as it would be written; 'unasked' where there is no source to ask. */
  readonly source: Uint8Array | "unasked" | "absent" | "failed";
  /** What stands at the record's point, and whether it is this record's own, by its mark; null = nothing. */
  readonly target: { readonly digest: Uint8Array; readonly ours: boolean } | null;
}

export interface Decision {
  /** null = no difference. */
  readonly kind: DifferenceKind | null;
  /** What the journal is to be told: the target's digest is what stands there; the source no longer has the record. */
  readonly journal: "adopt" | "gone" | null;
}

/**
 * Decides. Where the target is as the source is, all is well, whatever the journal says; where the target is as the journal
 * says, the source has changed; otherwise somebody changed the target. Nothing at either end is no loss. What is not this
 * record's own is another's, and stays.
 */
export function decide(sight: Sight): Decision {
  const source = sourceOf(sight);
  return sight.target?.ours === true
    ? decideStanding(sight, source, sight.target.digest)
    : decideEmpty(sight, source);
}

/** Without a source to ask, the journal's word counts: a record it has as gone is gone. */
function sourceOf({ state, source }: Sight): Sight["source"] {
  const gone = state === recordStates.deleted || state === recordStates.left;
  return source === "unasked" && gone ? "absent" : source;
}

/** Nothing stands at the record's point, or another's. */
function decideEmpty({ state, target }: Sight, source: Sight["source"]): Decision {
  if (source === "absent") return { kind: null, journal: "gone" };
  // A quarantined record is listed with its reason; that it is not at the target is no news.
  if (state === recordStates.quarantined) return { kind: null, journal: null };
  // One that is still to be carried comes into quarantine when that is tried.
  const lost = source === "failed" && state !== recordStates.pending;
  return { kind: lost ? "unreadable" : target === null ? "missing" : "taken", journal: null };
}

function decideStanding(
  { state, journal }: Sight,
  source: Sight["source"],
  target: Uint8Array,
): Decision {
  const asWritten = sameDigest(journal, target);
  if (source instanceof Uint8Array) {
    if (sameDigest(source, target)) {
      const known = asWritten && state === recordStates.written;
      return { kind: null, journal: known ? null : "adopt" };
    }
    if (asWritten) return { kind: "changed-at-source", journal: null };
    return { kind: otherwiseWritten(journal), journal: null };
  }
  if (source === "absent") {
    if (asWritten) return { kind: "deleted-at-source", journal: "gone" };
    return { kind: journal === null ? "extra" : "changed-at-target", journal: null };
  }
  if (asWritten) return { kind: asWrittenBefore(state, source), journal: null };
  if (source === "failed" && journal === null) return { kind: "unreadable", journal: null };
  return { kind: otherwiseWritten(journal), journal: null };
}

/** Our point, and not as the journal knows it: unacknowledged, so still to be written; or changed by somebody. */
function otherwiseWritten(journal: Uint8Array | null): DifferenceKind {
  return journal === null ? "missing" : "changed-at-target";
}

/** The target holds what was written, and the source gives nothing to compare it with. */
function asWrittenBefore(state: number, source: "unasked" | "failed"): DifferenceKind | null {
  if (state === recordStates.quarantined) return "changed-at-source";
  if (source === "failed") return "unreadable";
  return state === recordStates.written ? null : "missing";
}
