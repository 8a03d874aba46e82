/** The alert rules of deploy/, and what Prometheus' own promtool says of them. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const rulesFile = join(import.meta.dirname, "../../deploy/prometheus-alerts.yml");

/** Each alert's name with its expression, in one line. */
export function readAlerts(): Map<string, string> {
  const text = readFileSync(rulesFile, "utf8");
  const alerts = new Map<string, string>();
  for (const part of text.split(/^ {6}- alert: /m).slice(1)) {
    const [name = ""] = part.split("\n");
    const [, block] = /^ {8}expr: \|\n((?: {10}.*\n)+)/m.exec(part) ?? [];
    const [, line] = /^ {8}expr: (?!\|)(.*)$/m.exec(part) ?? [];
    alerts.set(name, (block ?? line ?? "").replace(/\s+/g, " ").trim());
  }
  return alerts;
}

/** What a scrape told: the value of each series, by its name with its labels. */
export type Scrape = ReadonlyMap<string, number>;

export function readScrape(text: string): Scrape {
  const series = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, name, value] = /^([a-z_]+(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
    if (name !== undefined) series.set(name, Number(value));
  }
  return series;
}

/** Two scrapes, and how often what happened between them is to have happened: each minute, or once after an hour. */
export interface Course {
  readonly before: Scrape;
  readonly after: Scrape;
  readonly when: "each minute" | "after an hour";
}

/**
 * Which alerts fire 70 minutes on, as promtool evaluates the rules.
 * @param promtool Path of Prometheus' promtool
 */
export function firing(promtool: string, course: Course): string[] {
  const folder = mkdtempSync(join(tmpdir(), "vecferry-alerts-"));
  try {
    const fired = [...readAlerts().keys()].filter((alert) => {
      const file = join(folder, `${alert}.yml`);
      // An alert that is expected to be silent, and fires, makes the test of promtool fail.
      writeFileSync(file, testFile(alert, course));
      try {
        execFileSync(promtool, ["test", "rules", file], { stdio: "pipe" });
        return false;
      } catch (error) {
        const words =
          String((error as { stdout?: Buffer }).stdout) +
          String((error as { stderr?: Buffer }).stderr);
        if (!words.includes(`alertname: ${alert}`)) throw new Error(words, { cause: error });
        return true;
      }
    });
    return fired;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function testFile(alert: string, { before, after, when }: Course): string {
  const series = [...after].map(([name, value]) => {
    const first = before.get(name) ?? 0;
    const isCounter =
      /_(total|bucket|sum|count)(\{|$)/.test(name) &&
      !/documents_total|queue/.test(name.replace(/_write_documents_total/, ""));
    const values =
      when === "after an hour"
        ? `${first}x62 ${value}x20`
        : isCounter
          ? `${first}+${value - first}x80`
          : `${value}x80`;
    return { series: name, values };
  });
  return JSON.stringify({
    rule_files: [rulesFile],
    evaluation_interval: "1m",
    tests: [
      {
        interval: "1m",
        input_series: series,
        alert_rule_test: [{ eval_time: "70m", alertname: alert, exp_alerts: [] }],
      },
    ],
  });
}
