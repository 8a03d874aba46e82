/** The live lines of a run as texts: a head, a line a collection, and what holds the run up. No line takes more columns than there are. */
import { cutTo, displayWidth } from "../../util/display-width.ts";
import { count, duration, lagOf, nothingHeld, type Row, ratesOf, rowParts } from "./progress.ts";

export interface LiveView {
  /** What the run is at. */
  readonly phase: string;
  readonly rows: readonly Row[];
  readonly nowMs: number;
  readonly waitsFor: string;
  /** Sentences of what holds the run up. */
  readonly held: readonly string[];
}

interface Column {
  readonly head: string;
  readonly cells: readonly string[];
}

/** Columns that a name keeps at least. */
const nameMin = 4;
const nameGood = 12;
/** From so many columns on there are two between a figure and the next. */
const wideFrom = 60;
const heads = {
  records: "records",
  share: "%",
  rate: "rows/s",
  bytes: "MB/s",
  eta: "ETA",
  lag: "lag",
  retries: "retries",
  quarantined: "quar.",
  waits: "waits for",
} as const;
type Name = keyof typeof heads;
/** What goes where not all has room, in this order, and the columns that a name then keeps. */
const droppedInOrder: readonly (readonly [Name, number])[] = [
  ["bytes", nameGood],
  ["eta", nameGood],
  ["rate", nameGood],
  ["retries", nameMin],
  ["records", nameMin],
  ["lag", nameMin],
  ["quarantined", nameMin],
  ["waits", nameMin],
  ["share", nameMin],
];

/** At most `lines` lines of at most `columns` columns; the rows last given stay. */
export function liveLines(view: LiveView, columns: number, lines: number): string[] {
  const held = view.held.slice(0, Math.max(0, lines - 2)).map((text) => cutTo(text, columns));
  const room = lines - held.length - 1;
  const rows = room < 1 ? [] : view.rows.slice(-room);
  if (rows.length === 0) {
    const whole = `${view.phase}  waits for ${view.waitsFor}`;
    const head = whole.length <= columns ? whole : `${view.phase}: ${view.waitsFor}`;
    return [cutTo(head, columns), ...held].slice(0, lines);
  }
  return [...table(view, rows, columns), ...held];
}

/** The line of a collection that a phase is through with: as much of it as has room. */
export function throughLine(row: Row, nowMs: number, columns: number): string {
  const parts = rowParts(row, nowMs, nothingHeld);
  for (let kept = parts.length; kept >= 3; kept -= 1) {
    const text = parts.slice(0, kept).join("  ");
    if (displayWidth(text) <= columns) return text;
  }
  const figures = ` ${row.phase} ${count(row.done)}`;
  return cutTo(
    `${cutTo(row.collection, Math.max(nameMin, columns - figures.length))}${figures}`,
    columns,
  );
}

function table(view: LiveView, rows: readonly Row[], columns: number): string[] {
  const gap = columns >= wideFrom ? 2 : 1;
  const names = [view.phase, ...rows.map(({ collection }) => collection)];
  const natural = Math.max(...names.map(displayWidth));
  const widthOf = (all: readonly Column[]): number =>
    all.reduce((sum, column) => sum + gap + columnWidth(column), 0);
  const haveRoom = (figures: ReadonlyMap<Name, Column>, wanted: number): boolean =>
    widthOf([...figures.values()]) + Math.min(natural, wanted) <= columns;
  // Whole figures where a name keeps a good part of what it needs.
  let figures = figuresOf(view, rows, count);
  if (!haveRoom(figures, nameGood)) figures.delete("bytes");
  if (!haveRoom(figures, nameGood)) figures = figuresOf(view, rows, short);
  for (const [name, kept] of droppedInOrder) if (!haveRoom(figures, kept)) figures.delete(name);
  const shown = [...figures.values()];
  const nameWidth = Math.max(0, Math.min(natural, columns - widthOf(shown)));
  return names.map((name, at) => {
    const cut = cutTo(name, nameWidth);
    const padded = cut + " ".repeat(nameWidth - displayWidth(cut));
    const cells = shown.map((column) => cellText(column, at));
    return [padded, ...cells].join(" ".repeat(gap)).trimEnd();
  });
}

/** The columns that have anything to say, in their order. */
function figuresOf(
  { waitsFor, nowMs }: LiveView,
  rows: readonly Row[],
  number: (value: number) => string,
): Map<Name, Column> {
  const figures = new Map<Name, Column>();
  const add = (name: Name, cells: readonly string[]): void => {
    if (cells.some((cell) => cell !== "")) figures.set(name, { head: heads[name], cells });
  };
  const rates = rows.map((row) => ratesOf(row, nowMs));
  add(
    "records",
    rows.map(({ done, total }) => number(done) + (total === null ? "" : `/${number(total)}`)),
  );
  add(
    "share",
    rows.map(({ done, total }) =>
      total ? `${Math.min(100, Math.floor((100 * done) / total))}` : "",
    ),
  );
  add(
    "rate",
    rates.map(({ rowsPerSecond }) => textOr(rowsPerSecond, (value) => number(Math.round(value)))),
  );
  add(
    "bytes",
    rates.map(({ bytesPerSecond }) => (bytesPerSecond ? (bytesPerSecond / 1e6).toFixed(1) : "")),
  );
  add(
    "eta",
    rates.map(({ etaSeconds }) => textOr(etaSeconds, duration)),
  );
  add(
    "lag",
    rows.map((row) => textOr(lagOf(row), number)),
  );
  add(
    "retries",
    rows.map(({ retries }) => (retries === 0 ? "" : number(retries))),
  );
  add(
    "quarantined",
    rows.map(({ quarantined }) => (quarantined === 0 ? "" : number(quarantined))),
  );
  add(
    "waits",
    rows.map(() => waitsFor),
  );
  return figures;
}

function textOr<Value>(value: Value | null, text: (value: Value) => string): string {
  return value === null ? "" : text(value);
}

/** `12.3k`, `4.5M`: a number in at most five columns up to 999 thousand million. */
function short(value: number): string {
  const units = [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const;
  for (const [unit, sign] of units) {
    if (value < unit) continue;
    const scaled = value / unit;
    // Never rounded up: what is not through does not look as if it were.
    return `${scaled < 100 ? Math.floor(scaled * 10) / 10 : Math.floor(scaled)}${sign}`;
  }
  return String(value);
}

function columnWidth({ head, cells }: Column): number {
  return Math.max(head.length, ...cells.map((cell) => cell.length));
}

/** The head for 0, else the cell of a row; figures to the right, words to the left. */
function cellText(column: Column, at: number): string {
  const text = at === 0 ? column.head : (column.cells[at - 1] ?? "");
  const width = columnWidth(column);
  return column.head === heads.waits ? text.padEnd(width) : text.padStart(width);
}
