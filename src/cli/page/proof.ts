/** What was verified, how both ends search, and what they take: the parts of a page that tell whether it is good. */
import type { CompareReport, GroupFigures, LatencyFigures } from "../../migrate/compare/figures.ts";
import { missText } from "../../migrate/compare/gates.ts";
import type { Report } from "../../migrate/report-schema.ts";
import { defaultM, footprint } from "../../model/footprint.ts";
import { count } from "../output/progress.ts";
import { barChart, legend } from "./charts.ts";
import type { PageFacts } from "./facts.ts";
import { type Html, html, type Part, table } from "./html.ts";
import { bytesText, rowsMax, timeText } from "./moved.ts";

/** The worst of all groups. */
const barsMax = 9;

/** What verify compared and found. */
export function verifySection({ verify: report, named, carry }: PageFacts): Html {
  const verify = report?.verify ?? null;
  if (report === null || verify === null)
    return html`<section id="verified"><h2>What was verified</h2><p>Nothing yet: <code>vecferry verify</code> compares both ends, to the last bit.</p></section>`;
  const head = [
    "Collection",
    "Compared",
    "Source read anew",
    "Differences",
    "Quarantined",
    "Gone at both ends",
    "Schema",
  ];
  const rows = verify.collections.slice(0, rowsMax).map((one): Part[] => [
    one.name,
    count(one.compared),
    count(one.readAgain),
    Object.entries(one.differences)
      .map(([kind, n]) => `${count(n)} ${kind}`)
      .join(", ") || "none",
    count(one.quarantined),
    count(one.goneAtBothEnds),
    one.schema.join(" ") || "as planned",
  ]);
  const foreign = Object.entries(verify.foreign).filter(([, points]) => points > 0);
  const others = foreign.map(
    ([target, points]) =>
      html`<p>${target} also holds ${count(points)} points that are not these collections'; they were left alone.</p>`,
  );
  const { sample } = verify;
  const drawn =
    sample === null
      ? null
      : html`<p>A sample of ${count(sample.records)} records (seed ${sample.seed}) had ${count(sample.mismatches)} mismatches. ${sample.bound}</p>`;
  const older =
    carry !== null && carry.startedAt > report.endedAt
      ? html`<p><strong>Records were carried after this was verified.</strong></p>`
      : null;
  return html`<section id="verified"><h2>What was verified</h2><p>${verify.verdict}</p><p class="quiet">${timeText(report.endedAt)}; ${verify.readSource ? "every record of the source was read anew" : "held against the digests of what was sent"}.</p>${older}${drawn}${table(head, rows, verify.collections.length - rows.length)}${others}${named === null ? null : exampleTable(verify)}</section>`;
}

function exampleTable(verify: NonNullable<Report["verify"]>): Html | null {
  const rows = verify.collections.flatMap(({ name, examples }) =>
    examples.map(({ kind, id, point, detail }): Part[] => [name, kind, id, point, detail]),
  );
  if (rows.length === 0) return null;
  const shown = rows.slice(0, rowsMax);
  return html`<h3>Records that differ</h3>${table(["Collection", "Kind", "Record", "Point", "What differs"], shown, rows.length - shown.length)}`;
}

/** Recall by collection and tenant, overlap, gates. */
export function qualitySection({ compare: report }: PageFacts): Html {
  const compare = report?.compare ?? null;
  if (report === null || compare === null)
    return html`<section id="quality"><h2>Search quality</h2><p>Not compared yet: <code>vecferry compare</code> asks both ends the same and holds the answers against the truth.</p></section>`;
  if (compare.all === null)
    return html`<section id="quality"><h2>Search quality</h2><p>Nothing could be compared. ${compare.notes.join(" ")}</p></section>`;
  const { k, queriesFrom, seed, collections, tenants, filtered } = compare;
  const groups: [string, GroupFigures][] = [
    ["all", compare.all],
    ...collections.map((one): [string, GroupFigures] => [one.name, one]),
    ...tenants.map((one): [string, GroupFigures] => [`tenant ${one.tenant}`, one]),
    ...(filtered === null ? [] : [["with a filter", filtered] satisfies [string, GroupFigures]]),
  ];
  const head = [
    "",
    "Queries",
    `Recall@${k} source`,
    "Target exactly",
    "Target",
    "Least",
    `Overlap@${k}`,
    "Top-1",
    "Spearman",
  ];
  const rows = groups
    .slice(0, rowsMax)
    .map(([name, { queries, recall, overlap, top1, spearman }]): Part[] => [
      name,
      count(queries),
      share(recall.source),
      share(recall.exact),
      share(recall.target.mean),
      share(recall.target.min),
      share(overlap),
      share(top1),
      share(spearman),
    ]);
  const worst = [...groups.slice(1)].sort(
    ([, one], [, other]) => one.recall.target.mean - other.recall.target.mean,
  );
  const bars = [...groups.slice(0, 1), ...worst.slice(0, barsMax)].map(([label, { recall }]) => ({
    label,
    values: [recall.source, recall.target.mean],
  }));
  const from = queriesFrom === "file" ? "from a file" : "drawn from the source's records";
  return html`<section id="quality"><h2>Search quality</h2><p>${count(compare.all.queries)} queries ${from} (seed ${seed}), ${k} neighbours each; the truth by brute force.</p><p class="quiet">${timeText(report.endedAt)}</p>${legend("source", "target")}${barChart(`Recall at ${k}, source and target`, bars, share, 1)}${table(head, rows, groups.length - rows.length)}${gates(compare)}${compare.notes.map((note) => html`<p>${note}</p>`)}</section>`;
}

function gates({ gates: all }: CompareReport): Html | null {
  if (all.length === 0) return null;
  const missed = all.filter(({ met }) => !met);
  if (missed.length === 0) return html`<p>Gates: all ${all.length} met.</p>`;
  return html`<h3>Gates missed</h3><ul>${missed.slice(0, rowsMax).map((gate) => html`<li>${missText(gate)}</li>`)}</ul>`;
}

/** Latency and throughput, both as measured. */
export function latencySection({ compare: report }: PageFacts): Html | null {
  const compare = report?.compare ?? null;
  if (compare === null || compare.latency.target.length === 0) return null;
  const pairs = compare.latency.target.map((target) => {
    const source =
      compare.latency.source.find(({ inFlight }) => inFlight === target.inFlight) ?? null;
    return { inFlight: target.inFlight, source, target };
  });
  const figures = [
    ["p50", "p50Ms"],
    ["p95", "p95Ms"],
    ["p99", "p99Ms"],
  ] as const;
  const bars = pairs.flatMap(({ inFlight, source, target }) =>
    figures.map(([name, key]) => ({
      label: `${name}, ${inFlight} in flight`,
      values: [source?.[key] ?? null, target[key]],
    })),
  );
  const speeds = pairs.map(({ inFlight, source, target }) => ({
    label: `${inFlight} in flight`,
    values: [source?.queriesPerSecond ?? null, target.queriesPerSecond],
  }));
  const row = (end: string, one: LatencyFigures): Part[] => [
    `${end}, ${one.inFlight} in flight`,
    count(one.queries),
    milliseconds(one.p50Ms),
    milliseconds(one.p95Ms),
    milliseconds(one.p99Ms),
    count(Math.round(one.queriesPerSecond)),
  ];
  const rows = pairs.flatMap(({ source, target }) => [
    ...(source === null ? [] : [row("source", source)]),
    row("target", target),
  ]);
  const none =
    compare.latency.source.length === 0
      ? html`<p class="quiet">The source has no server to ask; the target alone was measured.</p>`
      : null;
  return html`<section id="latency"><h2>Latency and throughput, before and after</h2>${none}${legend("source (before)", "target (after)")}${barChart("Latency of a search by percentile", bars, milliseconds)}<h3>Queries a second</h3>${barChart("Queries a second", speeds, (value) => count(Math.round(value)))}${table(["", "Queries", "p50", "p95", "p99", "Queries/s"], rows)}</section>`;
}

/** Memory: what the servers' processes hold, and what the vectors need by the formula. */
export function memorySection({ compare, carry, newest }: PageFacts): Html | null {
  const measured = compare?.compare?.residentBytes ?? { source: null, target: null };
  const report = carry ?? newest;
  const collections = report?.collections.filter(({ dimension }) => dimension > 0) ?? [];
  if (collections.length === 0) return null;
  const vectors = collections.reduce(
    (sum, { counts, dimension }) => sum + 4 * dimension * counts.written,
    0,
  );
  const computed = collections.reduce(
    (sum, { counts, dimension }) => sum + needed(counts.written, dimension),
    0,
  );
  const said = (value: number | null): string =>
    value === null ? "not measured" : bytesText(value);
  const isQdrant = report?.target.kind === "qdrant";
  const rows: Part[][] = [
    ["Memory of the server's process", "measured", said(measured.source), said(measured.target)],
    ["Vectors alone, float32", "computed", bytesText(vectors), bytesText(vectors)],
    ...(isQdrant
      ? [[`Vectors, ids and an HNSW graph of m ${defaultM}`, "computed", "–", bytesText(computed)]]
      : []),
  ];
  const chart =
    measured.source === null && measured.target === null
      ? null
      : html`${legend("source (before)", "target (after)")}${barChart("Memory of the servers' processes", [{ label: "measured", values: [measured.source, measured.target] }], bytesText)}`;
  return html`<section id="memory"><h2>Memory, before and after</h2>${chart}${table(["", "How known", "Source", "Target"], rows)}<p class="quiet">Measured by <code>vecferry compare</code>, where a process can be read. Computed for what stands at the target, without quantization and with all of it in memory.</p></section>`;
}

/** What a collection takes at a Qdrant as vecferry makes it when nothing is asked for. */
function needed(points: number, dimension: number): number {
  const plain = { payloadBytes: 0, indexedValues: [], quantization: null, vectorsInRam: true };
  return points === 0 ? 0 : footprint({ points, dimension, m: defaultM, ...plain }).ramBytes;
}

/** Never rounded up: 1.000 is all of it. */
const share = (value: number | null): string =>
  value === null ? "–" : (Math.floor(value * 1000 + 1e-9) / 1000).toFixed(3);
const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
