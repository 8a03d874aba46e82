/** A comparison in words: tables of what was found and of what was gained. */
import type {
  CompareReport,
  GateResult,
  GroupFigures,
  LatencyFigures,
} from "../../migrate/compare/figures.ts";
import { missText } from "../../migrate/compare/gates.ts";
import { count } from "./progress.ts";

/** Rows of collections, tenants and filters that are shown each; the report has all. */
const rowsShown = 20;

/** The figures of a comparison, line by line. */
export function compareLines(compare: CompareReport): string[] {
  const { all, k, collections, queriesFrom, seed, truthMs } = compare;
  if (all === null) return ["Nothing could be compared.", ...compare.notes];
  const records = collections.reduce((sum, one) => sum + one.records, 0);
  const from = queriesFrom === "file" ? "from the file" : "drawn from the source's records";
  return [
    `${count(all.queries)} queries ${from} (seed ${seed}), ${k} neighbours each; the truth by brute force over ${count(records)} vectors in ${(truthMs / 1000).toFixed(1)} s.`,
    "",
    ...qualityTable(compare, all),
    "",
    `Recall of the target: median ${share(all.recall.target.median)}, p5 ${share(all.recall.target.p5)}, least ${share(all.recall.target.min)}.`,
    cause(compare, all),
    "",
    ...gainTable(compare, all),
    ...compare.notes.flatMap((note, at) => (at === 0 ? ["", note] : [note])),
    ...gateLines(compare.gates),
  ];
}

function qualityTable(compare: CompareReport, all: GroupFigures): string[] {
  const { k, collections, tenants, filtered, filters, reference } = compare;
  const head = [
    "",
    "queries",
    `recall@${k} source`,
    "target exactly",
    "target",
    `overlap@${k}`,
    "top-1",
    "Spearman",
    reference === "source" ? "score difference" : "score error",
  ];
  const rows = [rowOf("all", all)];
  if (collections.length > 1 || tenants.length > 0)
    rows.push(...shown(collections, (one) => rowOf(one.name, one)));
  rows.push(...shown(tenants, (one) => rowOf(`tenant ${one.tenant}`, one)));
  if (filtered !== null) rows.push(rowOf("with a filter", filtered));
  rows.push(...shown(filters, (one) => rowOf(`${one.key} of ${one.collection}`, one)));
  return table([head, ...rows]);
}

function shown<One extends GroupFigures>(
  list: readonly One[],
  row: (one: One) => string[],
): string[][] {
  const worst = [...list].sort((one, other) => one.recall.target.mean - other.recall.target.mean);
  const rows = (list.length > rowsShown ? worst.slice(0, rowsShown) : list).map(row);
  return list.length > rowsShown
    ? [...rows, [`… ${count(list.length - rowsShown)} better ones in the report`]]
    : rows;
}

function rowOf(name: string, group: GroupFigures): string[] {
  const { queries, recall, overlap, top1, spearman, scoreDifference } = group;
  return [
    name,
    count(queries),
    share(recall.source),
    share(recall.exact),
    share(recall.target.mean),
    share(overlap),
    share(top1),
    share(spearman),
    scoreDifference === null ? "-" : scoreDifference.max.toExponential(1),
  ];
}

/** What a recall below 1 comes from. */
function cause({ collections }: CompareReport, { recall }: GroupFigures): string {
  const { exact, target } = recall;
  const indexed = collections.filter(({ index }) => index === "used").length;
  if (exact === null) return "The target was not asked exactly.";
  if (exact < 1 - 1e-3)
    return "Asked exactly, the target misses records too: its data differ from the source's. `vecferry verify` names them.";
  if (target.mean < exact - 1e-3)
    return "Asked exactly, the target finds them all: what it misses as configured is its index's choice, not its data's.";
  if (indexed === 0)
    return "The target has no index in use: it searches by brute force, and these figures say nothing of one.";
  const same = "Asked exactly or as configured, the target answers the same.";
  const others = collections.length - indexed;
  return others === 0
    ? same
    : `${same} ${count(others)} of its ${count(collections.length)} collections it searches by brute force, without an index.`;
}

function gainTable(compare: CompareReport, all: GroupFigures): string[] {
  const { latency, residentBytes, k } = compare;
  const rows = [["", "source", "target", "gain"]];
  const add = (
    name: string,
    [source, target]: readonly [number | null, number | null],
    text: (value: number) => string,
    ratio: (source: number, target: number) => number,
  ): void => {
    const both = source !== null && target !== null && source > 0 && target > 0;
    const gain = both ? `${ratio(source, target).toFixed(2)}×` : "";
    const said = (value: number | null, none: string) => (value === null ? none : text(value));
    const missing = name === "memory" ? "not readable" : "not asked";
    rows.push([name, said(source, missing), said(target, missing), gain]);
  };
  add(`recall@${k}`, [all.recall.source, all.recall.target.mean], share, (a, b) => b / a);
  for (const target of latency.target) {
    const source = latency.source.find(({ inFlight }) => inFlight === target.inFlight);
    const both = (figure: keyof LatencyFigures) =>
      [source?.[figure] ?? null, target[figure]] as const;
    const at = `${target.inFlight} in flight`;
    const slower = (a: number, b: number): number => a / b;
    add(`p50, ${at}`, both("p50Ms"), milliseconds, slower);
    add(`p95, ${at}`, both("p95Ms"), milliseconds, slower);
    add(`p99, ${at}`, both("p99Ms"), milliseconds, slower);
    add(
      `queries/s, ${at}`,
      both("queriesPerSecond"),
      (v) => count(Math.round(v)),
      (a, b) => b / a,
    );
  }
  const { source, target } = residentBytes;
  add("memory", [source, target], megabytes, (a, b) => a / b);
  return table(rows);
}

function gateLines(gates: readonly GateResult[]): string[] {
  if (gates.length === 0) return [];
  const missed = gates.filter(({ met }) => !met);
  if (missed.length === 0) return ["", `Gates: all ${gates.length} met.`];
  const lines = missed.slice(0, rowsShown).map((gate) => `  ${missText(gate)}`);
  return ["", `Gates: ${missed.length} of ${gates.length} missed.`, ...lines];
}

/** Never rounded up: 1.000 is all of it. */
const share = (value: number | null): string =>
  value === null ? "-" : (Math.floor(value * 1000 + 1e-9) / 1000).toFixed(3);
const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
const megabytes = (value: number): string => `${count(Math.round(value / 2 ** 20))} MiB`;

/** Columns side by side, the first to the left and numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.filter(({ length }) => length > 1).map((row) => (row[column] ?? "").length)),
  );
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
