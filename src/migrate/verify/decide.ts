/** What a record's three witnesses say together: the journal, the source as it is now, and the target. */
import { sameDigest } from "../digests.ts";
import { type DifferenceKind, recordStates } from "../journal/ledger.ts";

/** What is known of one record. Digests of 16 bytes. */
export interface Sight {
  /** The journal's state of the record, and the digest of what was written. */
  readonly state: number;
  readonly journal: Uint8Array | null;
  /** The source's record now, as it would be written; 'unasked' where there is no source to ask. */
  readonly source: Uint8Array | "unasked" | "absent" | "failed";
  /** What stands at the record's point, and whether it bears this migration's mark; null = nothing. */
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
 * says, the source has changed; otherwise somebody changed the target. Nothing at either end is no loss.
 */
export function decide(sight: Sight): Decision {
  const source = sourceOf(sight);
  return sight.target === null ? decideEmpty(sight.state, source) : decideStanding(sight, source);
}

/** Without a source to ask, the journal's word counts: a record it has as gone is gone. */
function sourceOf({ state, source }: Sight): Sight["source"] {
  const gone = state === recordStates.deleted || state === recordStates.left;
  return source === "unasked" && gone ? "absent" : source;
}

function decideEmpty(state: number, source: Sight["source"]): Decision {
  if (source === "absent") return { kind: null, journal: "gone" };
  // A quarantined record is listed with its reason; that it is not at the target is no news.
  if (state === recordStates.quarantined) return { kind: null, journal: null };
  return { kind: source === "failed" ? "unreadable" : "missing", journal: null };
}

function decideStanding({ state, journal, target }: Sight, source: Sight["source"]): Decision {
  const stands = (digest: Uint8Array | null) =>
    target?.ours === true && sameDigest(digest, target.digest);
  const asWritten = stands(journal);
  if (source instanceof Uint8Array) {
    if (stands(source)) {
      const known = asWritten && state === recordStates.written;
      return { kind: null, journal: known ? null : "adopt" };
    }
    if (asWritten) return { kind: "changed-at-source", journal: null };
    return { kind: neverWritten(journal, target), journal: null };
  }
  if (source === "absent") {
    if (asWritten) return { kind: "deleted-at-source", journal: "gone" };
    const ours = journal === null && target?.ours === true;
    return { kind: ours ? "extra" : "changed-at-target", journal: null };
  }
  if (asWritten) return { kind: asWrittenBefore(state, source), journal: null };
  if (source === "failed" && journal === null) return { kind: "unreadable", journal: null };
  return { kind: neverWritten(journal, target), journal: null };
}

/** A point that the journal does not know as written: ours and unacknowledged, so still to be written; or somebody's. */
function neverWritten(journal: Uint8Array | null, target: Sight["target"]): DifferenceKind {
  return journal === null && target?.ours === true ? "missing" : "changed-at-target";
}

/** The target holds what was written, and the source gives nothing to compare it with. */
function asWrittenBefore(state: number, source: "unasked" | "failed"): DifferenceKind | null {
  if (state === recordStates.quarantined) return "changed-at-source";
  if (source === "failed") return "unreadable";
  return state === recordStates.written ? null : "missing";
}
