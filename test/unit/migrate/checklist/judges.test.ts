import { describe, expect, it } from "vitest";
import { after } from "../../../../src/migrate/checklist/after.ts";
import { before } from "../../../../src/migrate/checklist/before.ts";
import type { Facts, TargetFacts } from "../../../../src/migrate/checklist/facts.ts";
import { lines } from "../../../../src/migrate/checklist/lines.ts";
import { type FindingCode, findingCodes } from "../../../../src/migrate/doctor/codes.ts";
import type { Finding, Where } from "../../../../src/migrate/doctor/finding.ts";
import type { Backup } from "../../../../src/migrate/rollback/backups.ts";
import { fakeLook, standingCollection } from "../../../support/doctor-scene.ts";

const { identity } = fakeLook();
const target: TargetFacts = {
  identity,
  access: "all",
  ramBytes: 100 * 1024 ** 2,
  residentBytes: 10 * 1024 ** 2,
  collections: [standingCollection("ants", { info: { count: 50 } })],
  local: false,
  tls: true,
  keyed: true,
  open: false,
  metrics: true,
  snapshots: 2,
  searches: { found: [{ name: "ants", points: 50, searches: 2, faults: [] }], ms: [1, 3] },
  tenants: {
    exit: 0,
    target: "",
    tenanted: [],
    plain: ["ants"],
    unknown: [],
    verdict: "No collection here has tenants.",
    next: [],
  },
};
const source = {
  identity: { ...identity, kind: "chroma", address: "http://127.0.0.1:8000" },
  collections: [{ ...standingCollection("ants").info, count: 50 }],
} as const;
const backup: Backup = {
  path: "backup",
  generation: null,
  state: "whole",
  fault: null,
  created: "2026-01-01T00:00:00Z",
  ageSeconds: 1,
  source: "chroma://127.0.0.1:8000",
  ofThisChroma: true,
  rows: "records",
  collections: [{ name: "ants", records: 50 }],
};
/** All is well, as far as it can be measured. */
const facts: Facts = {
  findings: [],
  named: { source: true, target: true },
  source,
  target,
  tenanted: true,
  migration: null,
  rehearsals: [],
  backups: [backup],
  code: { uses: [], files: 3, unread: [] },
  variables: ["QDRANT_URL"],
  disk: { folder: "here", freeBytes: 10 ** 9 },
};

function finding(code: FindingCode, end: Where): Finding {
  const { severity } = findingCodes[code];
  return { code, severity, end, collection: null, text: "So it is.", evidence: {}, remedy: "" };
}
const use = { kind: "dependency", file: "a", line: 1, found: "chromadb", instead: "b" } as const;
const whole = { uses: [use], files: 1, unread: [] };
const state = (judged: { state: string }) => judged.state;

describe("the list before a migration", () => {
  it("has a judge for every line, and they say checked, with evidence, of what is in order", () => {
    expect(Object.keys(before)).toEqual(Object.keys(lines.before));
    const found = Object.entries(before).map(([line, judge]) => [line, judge(facts)] as const);
    const open = found.filter(([, judged]) => judged.state !== "checked").map(([line]) => line);
    expect(open).toEqual(["monitoring", "test-environment"]);
    for (const [line, { state, evidence }] of found)
      if (state === "checked")
        expect([line, evidence.join("")]).toEqual([line, expect.stringMatching(/\.$/)]);
  });

  it.each([
    ["backup", { backups: [{ ...backup, collections: [] }] }, "failed"],
    ["backup", { backups: [{ ...backup, state: "refused", ofThisChroma: false }] }, "failed"],
    ["backup", { backups: [{ ...backup, ofThisChroma: false }] }, "yours"],
    ["resources", { findings: [finding("disk-short", "here")] }, "failed"],
    ["resources", { findings: [finding("ram-unknown", "target")] }, "yours"],
    ["firewall", { target: null, findings: [finding("connection-refused", "target")] }, "failed"],
    ["firewall", { target: null, named: { source: true, target: false } }, "yours"],
    ["keys", { target: { ...target, open: true } }, "failed"],
    ["keys", { target: { ...target, open: true, local: true } }, "yours"],
    ["keys", { findings: [finding("key-refused", "target")], target: null }, "failed"],
    ["dependencies", { code: whole }, "yours"],
    ["code", { code: null }, "yours"],
    ["configuration", { variables: [] }, "yours"],
    ["inventory", { findings: [finding("no-collections", "source")] }, "failed"],
    ["volume", { source: null }, "failed"],
    ["tenants", { findings: [finding("unmapped", "source")] }, "failed"],
    ["tenants", { tenanted: false }, "yours"],
    ["dimensions", { findings: [finding("mixed-dimensions", "source")] }, "failed"],
  ] as const)("%s: what is found decides (%#)", (line, changes, wanted) => {
    expect(state(before[line]({ ...facts, ...changes } as Facts))).toBe(wanted);
  });

  it("adds up what there is", () => {
    expect(before.volume(facts).evidence).toEqual(["50 records, 1 KiB of vectors."]);
    expect(before.dimensions(facts).evidence).toEqual(['"ants" 3 cosine.']);
  });
});

describe("the list after a migration", () => {
  it("has a judge for every line, and leaves to people what only they can tell", () => {
    expect(Object.keys(after)).toEqual(Object.keys(lines.after));
    const open = Object.entries(after).filter(([, judge]) => judge(facts).state !== "checked");
    expect(open.map(([line, judge]) => `${line} ${judge(facts).state}`)).toEqual([
      "monitoring yours",
      "alerts yours",
      "documentation yours",
      "security yours",
      "training yours",
      "clean-up yours",
    ]);
  });

  const about = (changes: Partial<TargetFacts>) => ({ target: { ...target, ...changes } });
  const faults = [{ name: "ants", points: 1, searches: 1, faults: ["Not found."] }];
  it.each([
    ["search", about({ searches: { found: faults, ms: [1] } }), "failed"],
    ["search", about({ collections: [] }), "failed"],
    ["search", about({ searches: null }), "yours"],
    ["isolation", about({ tenants: target.tenants && { ...target.tenants, exit: 4 } }), "failed"],
    ["performance", { findings: [finding("indexing-off", "target")] }, "failed"],
    ["health", { findings: [finding("optimizer-fault", "target")] }, "failed"],
    ["health", { target: null, findings: [finding("no-answer", "target")] }, "failed"],
    ["resources", about({ residentBytes: 90 * 1024 ** 2 }), "failed"],
    ["resources", about({ ramBytes: null }), "yours"],
    ["backups", { ...about({ snapshots: 0 }), backups: [] }, "yours"],
    ["metrics", about({ metrics: false }), "failed"],
    ["metrics", about({ metrics: null }), "yours"],
    ["tuning", { findings: [finding("indexing-off", "target")] }, "failed"],
    ["capacity", about({ residentBytes: 90 * 1024 ** 2 }), "failed"],
    ["security", about({ tls: false }), "failed"],
    ["security", about({ open: true }), "failed"],
  ] as const)("%s: what is found decides (%#)", (line, changes, wanted) => {
    expect(state(after[line]({ ...facts, ...changes } as Facts))).toBe(wanted);
  });

  it("tells how long searches took", () => {
    expect(after.performance(facts).evidence).toEqual([
      "Of 2 searches, one after another: half within 1.0 ms, 95 of 100 within 3.0 ms.",
    ]);
  });
});
