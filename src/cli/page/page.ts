/** One migration as one HTML file: the verdict first, then what it rests on. It asks no network, and holds no row's text. */
import type { Report } from "../../migrate/report-schema.ts";
import type { MigrationStatus } from "../../migrate/status.ts";
import { packageVersion } from "../../util/version.ts";
import { count } from "../output/progress.ts";
import type { PageFacts } from "./facts.ts";
import { Html, html, type Part, table } from "./html.ts";
import {
  bytesText,
  movedSection,
  quarantineSection,
  rateSection,
  rowsMax,
  timeText,
} from "./moved.ts";
import { latencySection, memorySection, qualitySection, verifySection } from "./proof.ts";
import { style } from "./style.ts";
import { spanText, verdictOf } from "./verdict.ts";

export interface PageOptions {
  /** Path of a script that keeps the page up to date; null = it stays as it is. */
  readonly script: string | null;
  /** Other migrations of the folder that can be looked at. */
  readonly others: readonly MigrationStatus[];
}

/** The whole page as text. */
export function reportPage(
  facts: PageFacts,
  options: PageOptions = { script: null, others: [] },
): string {
  const { newest, status } = facts;
  const { word } = verdictOf(facts);
  const title = `${word}: ${status?.source ?? newest?.source?.address ?? "source"} → ${status?.target ?? newest?.target.address ?? "target"}`;
  const links = options.others.map(
    ({ run, source, target }) => html`<a href="/?run=${run}">${source} → ${target}</a>`,
  );
  const nav = links.length < 2 ? null : html`<nav aria-label="Migrations">${links}</nav>`;
  const main = html`<main>${header(facts)}${tiles(facts)}${nextSection(facts)}${movedSection(facts)}${verifySection(facts)}${qualitySection(facts)}${latencySection(facts)}${memorySection(facts)}${rateSection(facts)}${quarantineSection(facts)}${planSection(facts)}${notesSection(newest)}</main>`;
  return frame(title, html`${nav}${main}${footer(facts)}`, options.script);
}

/** A page that says that nothing is there yet. */
export function emptyPage(folder: string, script: string | null): string {
  const words = html`<main><div class="verdict busy"><p class="word">Nothing yet</p><h1>No migration has begun in ${folder}.</h1></div><p>This page shows it as soon as one does: <code>vecferry migrate SOURCE TARGET --state ${folder}</code></p></main>`;
  return frame("Nothing yet", words, script);
}

/** A page that says why the state cannot be read. */
export function faultPage(message: string, script: string | null): string {
  const words = html`<main><div class="verdict bad"><p class="word">Cannot be read</p><h1>${message}</h1></div></main>`;
  return frame("Cannot be read", words, script);
}

function frame(title: string, body: Html, script: string | null): string {
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:${script === null ? "" : "; script-src 'self'; connect-src 'self'"}`;
  const { text } = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="generator" content="vecferry ${packageVersion}"><meta http-equiv="Content-Security-Policy" content="${new Html(policy)}"><link rel="icon" href="data:,"><title>${title}</title><style>${new Html(style)}</style>${script === null ? null : html`<script src="${script}" defer></script>`}</head>
<body>${body}</body></html>
`;
  return text;
}

function header(facts: PageFacts): Html {
  const { tone, word, sentence, detail } = verdictOf(facts);
  const { newest, status } = facts;
  const ends = [
    status?.source ?? newest?.source?.address ?? "not known",
    status?.target ?? newest?.target.address ?? "not known",
  ];
  const run =
    newest === null
      ? null
      : html`<p class="quiet">Last run: ${newest.command}, ${timeText(newest.startedAt)}, ${spanText(Date.parse(newest.endedAt) - Date.parse(newest.startedAt))}, exit ${newest.exit}. Migration ${newest.migration?.run ?? "not known"}${status === null ? null : `, state ${status.state}`}.</p>`;
  return html`<header><div class="verdict ${tone}"><p class="word">${word}</p><h1>${sentence}</h1>${detail === "" ? null : html`<p>${detail}</p>`}</div><p><code>${ends[0] ?? ""}</code> → <code>${ends[1] ?? ""}</code></p>${run}</header>`;
}

/** The figures that people ask for first. */
function tiles(facts: PageFacts): Html {
  const { status, newest, carry, verify, compare } = facts;
  const { counts } = status ?? {};
  const written = counts?.written ?? sum(newest, "written");
  const listed = counts?.listed ?? sum(newest, "listed");
  const rate = status?.recordsPerSecond ?? carry?.rates.recordsPerSecond ?? null;
  const all = compare?.compare?.all ?? null;
  const quarantined = counts?.quarantined ?? newest?.quarantine.records ?? 0;
  const shown: [string, string][] = [
    [
      "At the target",
      `${written === listed && listed > 0 ? "all" : count(written)} of ${count(listed)}`,
    ],
    ["Differences", verify?.verify == null ? "not verified" : count(verify.verify.differences)],
    ["Quarantine", count(quarantined)],
    ...(rate === null ? [] : [["Records a second", count(rate)] satisfies [string, string]]),
    ...(carry === null ? [] : [["Sent", bytesText(carry.totals.bytes)] satisfies [string, string]]),
    ...(all === null
      ? []
      : [
          [
            `Recall@${compare?.compare?.k ?? ""}`,
            (Math.floor(all.recall.target.mean * 1000) / 1000).toFixed(3),
          ] satisfies [string, string],
        ]),
  ];
  return html`<dl class="tiles">${shown.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function sum(report: Report | null, key: "written" | "listed"): number {
  return report?.collections.reduce((total, { counts }) => total + counts[key], 0) ?? 0;
}

function nextSection({ status, newest }: PageFacts): Html | null {
  const steps = status?.next ?? newest?.next ?? [];
  if (steps.length === 0) return null;
  return html`<section id="next"><h2>Next steps</h2><ol>${steps.map((step) => html`<li>${withCode(step)}</li>`)}</ol></section>`;
}

/** A sentence with its commands, which stand between backticks. */
function withCode(sentence: string): Part[] {
  return sentence.split("`").map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part));
}

function planSection({ carry, newest }: PageFacts): Html | null {
  const report = carry ?? newest;
  if (report === null || report.collections.length === 0) return null;
  const head = [
    "Collection",
    "Target",
    "Tenant",
    "Layout",
    "Dimension",
    "Distance",
    "Id prefix",
    "Records a batch",
  ];
  const rows = report.collections
    .slice(0, rowsMax)
    .map((one): Part[] => [
      one.source.name,
      one.target,
      one.tenant ?? "–",
      one.layout ?? "as they are",
      count(one.dimension),
      one.distance ?? "as it is",
      one.idPrefix ?? "–",
      one.batchSize === null ? "–" : count(one.batchSize),
    ]);
  return html`<section id="plan"><h2>Plan</h2>${table(head, rows, report.collections.length - rows.length)}</section>`;
}

function notesSection(newest: Report | null): Html | null {
  if (newest === null) return null;
  const { environment, notes } = newest;
  const { node, platform, arch, cpus, memoryBytes, targetRoad } = environment;
  const machine = `Node ${node}, ${platform} ${arch}, ${cpus} processors, ${bytesText(memoryBytes)} of memory.`;
  return html`<section id="notes"><h2>Notes</h2>${notes.map((note) => html`<p>${note}</p>`)}<p class="quiet">${machine} ${targetRoad}</p></section>`;
}

function footer({ madeAt, named }: PageFacts): Html {
  const privacy =
    named === null
      ? "It names no record and holds no row's text."
      : "It names records by their ids.";
  return html`<footer>Made by vecferry ${packageVersion} on ${timeText(madeAt.toISOString())}. ${privacy}</footer>`;
}
