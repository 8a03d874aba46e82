/** What moved, how fast, and what could not: the parts of a page that tell of the copy. */
import type { Phase } from "../../migrate/request.ts";
import type { MigrationStatus } from "../../migrate/status.ts";
import { count, deltaText } from "../output/progress.ts";
import { barChart, type CurvePoint, curveChart } from "./charts.ts";
import type { PageFacts } from "./facts.ts";
import { type Html, html, type Part, table } from "./html.ts";
import { spanText } from "./verdict.ts";

/** Rows that a table shows at most; the report's JSON has all. */
export const rowsMax = 200;
const barsMax = 30;

/** Collections with what of them is at the target. */
export function movedSection({ status, newest, carry }: PageFacts): Html | null {
  const rows =
    status === null ? (newest?.collections.map(ofReport) ?? []) : status.collections.map(ofStatus);
  if (rows.length === 0) return null;
  const head = [
    "Collection",
    "Target",
    "Tenant",
    "Listed",
    "At the target",
    "Pending",
    "Quarantine",
    "Gone",
  ];
  const cells = rows
    .slice(0, rowsMax)
    .map(({ name, target, tenant, counts }): Part[] => [
      name,
      target === name ? "the same" : target,
      tenant ?? "–",
      count(counts.listed),
      count(counts.written),
      count(counts.pending),
      count(counts.quarantined),
      count(counts.left + counts.deleted),
    ]);
  const largest = [...rows].sort((one, other) => other.counts.listed - one.counts.listed);
  const bars = largest
    .slice(0, barsMax)
    .map(({ name, counts }) => ({ label: name, values: [counts.written] }));
  const chart =
    rows.length > 1 ? barChart("Records at the target by collection", bars, count) : null;
  const skipped =
    newest?.skipped.map(({ name, reason }) => html`<li>${name}: ${reason}</li>`) ?? [];
  return html`<section id="moved"><h2>What moved</h2>${lastRun(carry)}${chart}${table(head, cells, rows.length - cells.length)}${skipped.length === 0 ? null : html`<h3>Left out</h3><ul>${skipped}</ul>`}</section>`;
}

function lastRun(carry: PageFacts["carry"]): Html | null {
  if (carry === null) return null;
  const { totals, delta, rates, retries } = carry;
  const again = retries.source + retries.target;
  const parts = [
    `The last run that carried (${carry.command}, ${timeText(carry.startedAt)}) wrote ${count(totals.carried)} records, ${bytesText(totals.bytes)}`,
    ...(rates.recordsPerSecond === null ? [] : [`at ${count(rates.recordsPerSecond)} records/s`]),
    ...(totals.unchanged === 0 ? [] : [`found ${count(totals.unchanged)} as they were`]),
    `repeated ${count(again)} calls`,
  ];
  return html`<p>${parts.join(", ")}.${delta === null ? null : ` Since the run before, the source had: ${deltaText(delta)}.`}</p>`;
}

type Row = Pick<MigrationStatus["collections"][number], "name" | "target" | "tenant" | "counts">;
const ofStatus = (one: Row): Row => one;
const ofReport = ({
  source,
  target,
  tenant,
  counts,
}: NonNullable<PageFacts["newest"]>["collections"][number]): Row => ({
  name: source.name,
  target,
  tenant,
  counts,
});

/** Those in which records go through all the time. */
const drawnPhases = ["copy", "repair", "verify", "verify-source"] as const satisfies Phase[];

/** Records a second over time, of each phase that took long enough to tell. */
export function rateSection({ rates, carry }: PageFacts): Html | null {
  const phases = Object.entries(carry?.phases ?? {});
  const seen = new Set(rates.map(({ phase }) => phase));
  const curves = drawnPhases
    .filter((phase) => seen.has(phase))
    .flatMap((phase) => {
      const points = curveOf(rates.filter((one) => one.phase === phase));
      if (points.length < 2) return [];
      const title = `Records a second while it was at: ${phase}`;
      return [
        html`<h3>${phase}</h3>${curveChart(title, points, rateText, (seconds) => spanText(seconds * 1000))}`,
      ];
    });
  if (curves.length === 0 && phases.length === 0) return null;
  const times = phases.map(([phase, ms]): Part[] => [phase, spanText(ms)]);
  const none =
    curves.length === 0 ? html`<p class="quiet">The run was too short for a curve.</p>` : null;
  return html`<section id="rate"><h2>Rate over time</h2>${none}${curves}${times.length === 0 ? null : table(["Phase", "Took"], times)}</section>`;
}

/** The rate of each interval between two samples; several intervals are one where they are very short. */
function curveOf(samples: PageFacts["rates"]): CurvePoint[] {
  const start = samples[0]?.atMs ?? 0;
  const points: CurvePoint[] = [];
  let before = samples[0];
  for (const sample of samples.slice(1)) {
    if (before === undefined || sample.atMs - before.atMs < 100) continue;
    const seconds = (sample.atMs - before.atMs) / 1000;
    const value = Math.max(0, sample.records - before.records) / seconds;
    points.push({ seconds: (sample.atMs - start) / 1000, value });
    before = sample;
  }
  return points;
}

/** What could not be carried, by reason; the records themselves where they are to be named. */
export function quarantineSection({ status, newest, named }: PageFacts): Html | null {
  const byReason = status?.quarantine.byReason ?? newest?.quarantine.byReason ?? {};
  const file = status?.quarantine.file ?? newest?.quarantine.file ?? null;
  const reasons = Object.entries(byReason).sort(([, one], [, other]) => other - one);
  if (reasons.length === 0)
    return html`<section id="quarantine"><h2>Quarantine</h2><p>Empty: no record had to be left behind.</p></section>`;
  const bars = reasons.map(([label, records]) => ({ label, values: [records] }));
  const lines =
    named?.quarantined.map(({ collection, id, reason, detail }): Part[] => [
      collection,
      id,
      reason,
      detail,
    ]) ?? [];
  return html`<section id="quarantine"><h2>Quarantine</h2>${barChart("Records in quarantine by reason", bars, count)}<p>${file === null ? null : html`Every one stands with its reason in <code>${file}</code>.`}</p>${lines.length === 0 ? null : table(["Collection", "Record", "Reason", "Detail"], lines)}</section>`;
}

const rateText = (value: number): string => count(Math.round(value));

/** `12.3 MB`. */
export function bytesText(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = Math.min(
    units.length - 1,
    Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)),
  );
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(value < 100 ? 1 : 0)} ${units[power]}`;
}

/** `2026-11-22 07:08 UTC`. */
export function timeText(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}
