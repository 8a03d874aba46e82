import { describe, expect, it } from "vitest";
import { recordStates } from "../../../../src/migrate/journal/row.ts";
import { decide, type Sight } from "../../../../src/migrate/verify/decide.ts";

const { pending, written, quarantined, left, deleted } = recordStates;
const one = new Uint8Array(16).fill(1);
const two = new Uint8Array(16).fill(2);
const three = new Uint8Array(16).fill(3);
const ours = (digest: Uint8Array) => ({ digest, ours: true });
const theirs = { digest: one, ours: false };

type Row = [
  string,
  number,
  Sight["journal"],
  Sight["source"],
  Sight["target"],
  string | null,
  (string | null)?,
];

const rows: Row[] = [
  ["all three agree", written, one, one, ours(one), null],
  ["both ends agree, the journal lags", written, one, two, ours(two), null, "adopt"],
  ["written and never acknowledged", pending, null, one, ours(one), null, "adopt"],
  ["back at the source as it was", deleted, one, one, ours(one), null, "adopt"],
  ["not carried yet", pending, null, one, null, "missing"],
  ["lost at the target", written, one, one, null, "missing"],
  ["lost at the target, no source", written, one, "unasked", null, "missing"],
  ["as written, no source", written, one, "unasked", ours(one), null],
  ["changed at the source", written, one, two, ours(one), "changed-at-source"],
  ["changed at the target", written, one, one, ours(two), "changed-at-target"],
  ["changed at both", written, one, two, ours(three), "changed-at-target"],
  ["changed at the target, no source", written, one, "unasked", ours(two), "changed-at-target"],
  ["its mark taken away", written, one, one, theirs, "taken"],
  ["deleted at the source", written, one, "absent", ours(one), "deleted-at-source", "gone"],
  ["deleted there, changed here", written, one, "absent", ours(two), "changed-at-target"],
  ["known as deleted, no source", deleted, one, "unasked", ours(one), "deleted-at-source", "gone"],
  ["gone at both ends", written, one, "absent", null, null, "gone"],
  ["known as deleted, gone here too, no source", deleted, one, "unasked", null, null, "gone"],
  ["never acknowledged, then deleted", left, null, "absent", ours(one), "extra"],
  ["no longer readable", written, one, "failed", ours(one), "unreadable"],
  ["no longer readable, lost here", written, one, "failed", null, "unreadable"],
  ["quarantined", quarantined, null, "failed", null, null],
  ["quarantined, an older one stands", quarantined, one, "failed", ours(one), "changed-at-source"],
  ["quarantined, readable again", quarantined, null, one, null, null],
  ["never acknowledged, changed since", pending, null, one, ours(two), "missing"],
  ["a place that another took", pending, null, one, theirs, "taken"],
  ["a place that another took, no source", pending, null, "unasked", theirs, "taken"],
  [
    "a place that another took, deleted at the source",
    written,
    one,
    "absent",
    theirs,
    null,
    "gone",
  ],
  ["a place that another took, never carried, deleted", left, null, "absent", theirs, null, "gone"],
  ["quarantined, and another's point there", quarantined, null, "failed", theirs, null],
  ["not carried yet, and not to be read", pending, null, "failed", null, "missing"],
];

describe("journal, source and target together", () => {
  it.each(rows)("say of a record: %s", (_, state, journal, source, target, kind, told = null) => {
    expect(decide({ state, journal, source, target })).toEqual({ kind, journal: told });
  });
});
