/** The table at the end: a line a measurement, each ratio beside what it is a ratio to. */

export interface Line {
  readonly what: string;
  readonly rows: number;
  readonly ms: number;
  /** What bounds it, and what others reach: rows per second. */
  readonly limit?: number | undefined;
  readonly grpcClient?: number | undefined;
  readonly restClient?: number | undefined;
  /** Until the target's index was built; null: not within the time that was waited. */
  readonly greenMs?: number | null | undefined;
  readonly rssMb?: number | undefined;
  /** Of our own process, all its threads; servers have theirs beside. */
  readonly cpuMs?: number | undefined;
}

export function rateOf({ rows, ms }: Pick<Line, "rows" | "ms">): number {
  return (rows * 1000) / ms;
}

const columns = [
  "",
  "rows/s",
  "of the limit",
  "× gRPC client",
  "× REST client",
  "rows",
  "seconds",
  "green after s",
  "peak RSS MB",
  "our CPU s",
];

/** As Markdown, so that it can stand in a page as it is. */
export function tableOf(lines: readonly Line[]): string {
  const rows = [columns, ...lines.map(cellsOf)];
  const widths = columns.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const [head = "", ...body] = rows.map((row) => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    return `| ${cells.join(" | ")} |`;
  });
  const rule = `|${widths.map((width, column) => `${"-".repeat(width + 1)}${column === 0 ? "-" : ":"}`).join("|")}|`;
  return [head, rule, ...body].join("\n");
}

function cellsOf(line: Line): string[] {
  const rate = rateOf(line);
  const ratio = (to: number | undefined): string =>
    to === undefined ? "" : (rate / to).toFixed(2);
  const seconds = (ms: number): string => (ms / 1000).toFixed(1);
  const { greenMs, rssMb, cpuMs } = line;
  return [
    line.what,
    String(Math.round(rate)),
    ratio(line.limit),
    ratio(line.grpcClient),
    ratio(line.restClient),
    String(line.rows),
    seconds(line.ms),
    greenMs === undefined ? "" : greenMs === null ? "not seen" : seconds(greenMs),
    rssMb === undefined ? "" : String(rssMb),
    cpuMs === undefined ? "" : seconds(cpuMs),
  ];
}

/** Rows of cells as a Markdown table; the first row is its head. */
export function markdown(rows: readonly string[][]): string {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(head),
    line(head.map((_, at) => (at === 0 ? "---" : "---:"))),
    ...body.map(line),
  ].join("\n");
}
