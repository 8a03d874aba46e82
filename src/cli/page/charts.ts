/** Charts as SVG: bars in pairs or alone, and a curve over time. Each says its figures as text, too. */
import { cutTo, oneLine } from "../../util/display-width.ts";
import { type Html, html } from "./html.ts";

const width = 900;

export interface Bar {
  readonly label: string;
  /** Source and target, before and after; null = not measured. One alone where there is nothing to compare. */
  readonly values: readonly (number | null)[];
}

/** Bars from left to right in groups, the longest as long as `max`. `title` is what the chart says to who cannot see it. */
export function barChart(
  title: string,
  bars: readonly Bar[],
  text: (value: number) => string,
  max = Math.max(0, ...bars.flatMap(({ values }) => values.map((value) => value ?? 0))),
): Html {
  const thick = 16;
  const gap = 12;
  const left = 230;
  const right = 110;
  let y = 4;
  const isPair = bars.some(({ values }) => values.length > 1 && values[0] !== null);
  const drawn = bars.map(({ label, values: given }) => {
    const top = y;
    // Where the first of all pairs lacks, the second stands alone.
    const values = isPair ? given : given.slice(-1);
    const lines = values.map((value, at) => {
      const long = value === null || max <= 0 ? 0 : (value / max) * (width - left - right);
      const here = top + at * (thick + 2);
      const bar = html`<rect class="${isPair && at === 0 ? "a" : "b"}" x="${left}" y="${here}" width="${round(Math.max(0, long))}" height="${thick}" rx="2"/>`;
      return html`${bar}<text x="${round(left + Math.max(0, long) + 6)}" y="${here + 12}">${value === null ? "not measured" : text(value)}</text>`;
    });
    y += values.length * (thick + 2) + gap;
    const middle = top + (values.length * (thick + 2)) / 2 + 4;
    return html`<text x="${left - 10}" y="${middle}" text-anchor="end">${cutTo(oneLine(label), 30)}</text>${lines}`;
  });
  return html`<div class="wide"><svg viewBox="0 0 ${width} ${y}" role="img" aria-label="${title}"><title>${title}</title>${drawn}</svg></div>`;
}

/** The keys of paired bars. */
export function legend(first: string, second: string): Html {
  return html`<p class="legend quiet"><span class="a">${first}</span><span class="b">${second}</span></p>`;
}

export interface CurvePoint {
  readonly seconds: number;
  readonly value: number;
}

const chartHeight = 220;
const area = { left: 70, right: 890, top: 14, bottom: 186 };

/** Steps over time from 0 up; each value is that of the interval which ends there. */
export function curveChart(
  title: string,
  points: readonly CurvePoint[],
  text: (value: number) => string,
  time: (seconds: number) => string,
): Html {
  const end = Math.max(1e-9, points.at(-1)?.seconds ?? 0);
  const max = Math.max(1e-9, ...points.map(({ value }) => value));
  const x = (seconds: number) => round(area.left + (seconds / end) * (area.right - area.left));
  const y = (value: number) => round(area.bottom - (value / max) * (area.bottom - area.top));
  const steps = points.map(({ seconds, value }) => `V${y(value)} H${x(seconds)}`).join(" ");
  const start = y(points[0]?.value ?? 0);
  const grid = [0, 0.5, 1].map((share) => {
    const at = y(max * share);
    return html`<line class="grid" x1="${area.left}" x2="${area.right}" y1="${at}" y2="${at}"/><text class="axis" x="${area.left - 8}" y="${at + 4}" text-anchor="end">${text(max * share)}</text>`;
  });
  const ticks = [0, 0.5, 1].map((share) => {
    const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
    return html`<text class="axis" x="${x(end * share)}" y="${area.bottom + 20}" text-anchor="${anchor}">${time(end * share)}</text>`;
  });
  return html`<div class="wide"><svg viewBox="0 0 ${width} ${chartHeight}" role="img" aria-label="${title}"><title>${title}</title>${grid}${ticks}<path class="under" d="M${area.left},${area.bottom} ${steps} V${area.bottom} Z"/><path class="curve" d="M${area.left},${start} ${steps}"/></svg></div>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
