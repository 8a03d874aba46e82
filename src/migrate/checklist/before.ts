/** The lines before a migration. */

import { type Facts, faulty, many, type SourceFacts, shortened, size, unseen } from "./facts.ts";
import { checked, failed, type Judged, type LineOf, yours } from "./lines.ts";

type Judge = (facts: Facts) => Judged;

export const before: Readonly<Record<LineOf<"before">, Judge>> = {
  backup,
  resources,
  firewall,
  keys,
  monitoring: ({ target }) =>
    target?.metrics === true
      ? yours(
          "The Qdrant's /metrics answers; whether somebody collects it cannot be seen from here.",
        )
      : yours(),
  code: ({ code }) => {
    if (code === null) return yours();
    const used = code.uses.filter(({ kind }) => kind !== "dependency" && kind !== "service");
    if (used.length === 0 && code.unread.length === 0)
      return checked(`Nothing in ${many(code.files, "file")} uses Chroma.`);
    const files = new Set(used.map(({ file }) => file));
    return yours(
      `${many(used.length, "use")} of Chroma in ${many(files.size, "file")}: ${shortened([...files]).join(", ")}.`,
    );
  },
  dependencies: ({ code }) => {
    if (code === null) return yours();
    const own = code.uses.filter(({ kind }) => kind === "dependency");
    if (own.length === 0) return checked(`No package of Chroma's in ${many(code.files, "file")}.`);
    return yours(
      ...shortened(
        own.map(
          ({ file, line, found, instead }) => `${file}:${line}: ${found}; instead ${instead}`,
        ),
      ),
    );
  },
  configuration: ({ variables }) =>
    variables.length > 0
      ? checked(`Set: ${variables.join(", ")}.`)
      : yours("Neither QDRANT_URL nor QDRANT_HOST is set, here or in .env."),
  "test-environment": ({ rehearsals }) => {
    const [last] = rehearsals;
    return last === undefined
      ? yours()
      : checked(
          `Verified before, into ${last.target} (${last.updatedAt}, ${many(last.counts.written, "record")}).`,
        );
  },
  inventory: (facts) => {
    const { source } = facts;
    if (source === null) return unseen(facts, "source");
    const fault = faulty(facts, [
      "no-collections",
      "collection-unreadable",
      "records-unreadable",
      "same-name",
    ]);
    if (fault !== null) return fault;
    const names = source.collections.map(({ name, count }) => `${JSON.stringify(name)} ${count}`);
    return checked(`${many(names.length, "collection")}: ${shortened(names).join(", ")}.`);
  },
  volume: (facts) => {
    const { source } = facts;
    if (source === null) return unseen(facts, "source");
    const { records, bytes } = volumeOf(source);
    return checked(`${many(records, "record")}, ${size(bytes)} of vectors.`);
  },
  tenants: (facts) => {
    if (facts.source === null) return unseen(facts, "source");
    const fault = faulty(facts, ["unmapped", "mapping-wrong"]);
    if (fault !== null) return fault;
    if (facts.tenanted) return checked("Every collection has its tenant.");
    return yours("No tenant is asked for: collections go as they are, one to one.");
  },
  dimensions: (facts) => {
    const { source } = facts;
    if (source === null) return unseen(facts, "source");
    const fault = faulty(facts, [
      "distance-unknown",
      "mixed-dimensions",
      "schema-conflict",
      "named-vectors",
    ]);
    if (fault !== null) return fault;
    const all = source.collections
      .filter(({ dimension }) => dimension !== null)
      .map(({ name, dimension, distance }) => `${JSON.stringify(name)} ${dimension} ${distance}`);
    return all.length === 0
      ? yours("Nothing was ever written to any collection.")
      : checked(`${shortened(all).join(", ")}.`);
  },
};

function backup(facts: Facts): Judged {
  const { source, backups } = facts;
  const best = backups.find(({ state, ofThisChroma }) => state === "whole" && ofThisChroma);
  if (best === undefined) {
    const refused = backups.filter(({ state }) => state === "refused");
    if (refused.length > 0)
      return failed(
        ...shortened(refused.map(({ path, fault }) => `${path}: ${fault?.message ?? ""}`)),
      );
    return source === null
      ? unseen(facts, "source")
      : yours("No archive of this source stands here.");
  }
  const kept = new Map(best.collections.map(({ name, records }) => [name, records]));
  const lacking = (source?.collections ?? []).filter(
    ({ name, count }) => count > 0 && !kept.has(name),
  );
  if (lacking.length > 0)
    return failed(
      `${best.path} lacks ${shortened(lacking.map(({ name }) => JSON.stringify(name))).join(", ")}.`,
    );
  const records = best.collections.reduce((sum, one) => sum + one.records, 0);
  return checked(
    `${best.path}, of ${best.created}: ${many(records, "record")} in ${many(best.collections.length, "collection")}, every byte read.`,
  );
}

function resources(facts: Facts): Judged {
  const { source, target, disk } = facts;
  const fault = faulty(facts, ["disk-short", "ram-short"]);
  if (fault !== null) return fault;
  if (source === null) return unseen(facts, "source");
  if (target === null) return unseen(facts, "target");
  const { bytes } = volumeOf(source);
  const free = disk.freeBytes === null ? "" : `, ${size(disk.freeBytes)} of disk free here`;
  const { ramBytes } = target;
  const figures = `${size(bytes)} of vectors; the target's machine has ${ramBytes === null ? "memory that it does not tell" : size(ramBytes)}${free}.`;
  const unknown = facts.findings.some(({ code }) => code === "ram-unknown");
  return unknown ? yours(figures) : checked(figures);
}

function firewall(facts: Facts): Judged {
  const { source, target } = facts;
  if (source === null) return unseen(facts, "source");
  if (target === null) return unseen(facts, "target");
  const at = [source.identity.address, target.identity.address];
  const rest = facts.findings.find(({ code }) => code === "rest-alone");
  if (rest !== undefined) return yours(`Both answer from here. ${rest.text}`);
  return checked(`Both answer from here: ${at.join(", ")}.`);
}

/** Whether the target asks for a key, and takes the one that is given. */
export function keys(facts: Facts): Judged {
  const { target } = facts;
  const fault = faulty(facts, ["key-missing", "key-refused", "key-read-only", "key-limited"]);
  if (fault !== null) return fault;
  if (target === null) return unseen(facts, "target");
  if (target.identity.kind !== "qdrant")
    return checked("The target is a folder: no server, no key.");
  if (target.open === true) {
    const words = "The Qdrant tells everything to anybody without a key.";
    return target.local ? yours(`${words} It is on this machine.`) : failed(words);
  }
  if (target.open === null) return yours();
  return checked("The Qdrant refuses who has no key, and takes the one that is given.");
}

export function volumeOf({ collections }: SourceFacts): { records: number; bytes: number } {
  return {
    records: collections.reduce((sum, { count }) => sum + count, 0),
    bytes: collections.reduce((sum, { count, dimension }) => sum + 4 * count * (dimension ?? 0), 0),
  };
}
