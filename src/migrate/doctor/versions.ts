/** What the ends say of themselves: version, clock. */
import { testedReleases } from "../../model/releases.ts";
import type { Recognised } from "../../store/look.ts";
import type { Findings, Words } from "./finding.ts";

/** The first Qdrant that can be used. */
const usedSince = [1, 10] as const;
/** The first Qdrants with gRPC that can be used, and with notes in a collection's own metadata. */
const grpcSince = [1, 13] as const;
const notesSince = [1, 16] as const;
const skewMaxMs = 30_000;

export function checkChroma(
  { api, clockAheadMs }: Recognised,
  version: string | null,
  findings: Findings,
  words: Words,
): void {
  const said = version === null ? "Chroma (it tells no version)" : `Chroma ${version}`;
  const vague = version?.endsWith("or later") ?? false;
  const more = vague ? "; servers from 1.0 on all call themselves 1.0.0" : "";
  findings.add("version", "source", {
    text: `The source is ${said}, API ${api}${more}.`,
    evidence: { store: "chroma", version, api },
  });
  if (version !== null && isAfter(version, numbers(testedReleases.chroma)))
    addNewer(findings, "source", `Chroma ${version}`, testedReleases.chroma, words);
  checkClock("source", clockAheadMs, findings);
}

export function checkQdrant(
  { version, clockAheadMs }: Recognised,
  findings: Findings,
  words: Words,
): void {
  findings.add("version", "target", {
    text: `The target is Qdrant ${version}.`,
    evidence: { store: "qdrant", version },
  });
  if (version !== null) checkAge(version, findings, words);
  checkClock("target", clockAheadMs, findings);
}

function checkAge(version: string, findings: Findings, words: Words): void {
  if (isAfter(version, numbers(testedReleases.qdrant))) {
    addNewer(findings, "target", `Qdrant ${version}`, testedReleases.qdrant, words);
    return;
  }
  // One that cannot be used at all is told where it is opened.
  if (isBefore(version, usedSince)) return;
  const lacks = [
    ...(isBefore(version, grpcSince)
      ? ["gRPC for its points (1.13), so that copying takes several times as long"]
      : []),
    ...(isBefore(version, notesSince)
      ? ["a place for notes in a collection (1.16), so that the journal alone knows its layout"]
      : []),
  ];
  if (lacks.length === 0) return;
  findings.add("version-old", "target", {
    text: `Qdrant ${version} lacks ${lacks.join(", and ")}.`,
    evidence: { version },
    words,
  });
}

function addNewer(
  findings: Findings,
  end: "source" | "target",
  what: string,
  newest: string,
  words: Words,
): void {
  findings.add("version-newer", end, {
    text: `${what} is newer than any that vecferry was tested with (${newest}).`,
    evidence: { tested: newest },
    words,
  });
}

function checkClock(end: "source" | "target", aheadMs: number | null, findings: Findings): void {
  if (aheadMs === null || Math.abs(aheadMs) <= skewMaxMs) return;
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  findings.add("clock-skew", end, {
    text: `The ${end}'s clock is ${seconds} s ${aheadMs > 0 ? "ahead of" : "behind"} this machine's.`,
    evidence: { aheadSeconds: Math.round(aheadMs / 1000) },
  });
}

function numbers(version: string): [major: number, minor: number] {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return [major, minor];
}

function isBefore(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor, ownMinor] = numbers(version);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}

function isAfter(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor, ownMinor] = numbers(version);
  return ownMajor > major || (ownMajor === major && ownMinor > minor);
}
