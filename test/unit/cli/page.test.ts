import { describe, expect, it } from "vitest";
import { barChart, curveChart } from "../../../src/cli/page/charts.ts";
import { factsOfReport, type PageFacts } from "../../../src/cli/page/facts.ts";
import { html } from "../../../src/cli/page/html.ts";
import { reportPage } from "../../../src/cli/page/page.ts";
import { verdictOf } from "../../../src/cli/page/verdict.ts";
import { VectorError } from "../../../src/errors.ts";
import { type Report, unbegunReport } from "../../../src/migrate/report.ts";

const store = { kind: "qdrant", tenant: null, database: null, version: null } as const;

/** The report of a run that never began, changed. */
function report(changes: Partial<Report> = {}): Report {
  const ends = {
    source: { ...store, kind: "chroma-folder" as const, address: "/data/<chroma>" },
    target: { ...store, address: "http://127.0.0.1:6333" },
  };
  const failure = new VectorError("E_UNREACHABLE", "Nobody answers <there>.");
  const rest = {
    retries: { source: 0, target: 0 },
    roads: { target: null },
    startedAt: new Date(0),
  };
  return {
    ...unbegunReport({ command: "migrate", key: null, ...ends, ...rest }, failure),
    ...changes,
  };
}

const facts = (changes: Partial<PageFacts> = {}, of: Partial<Report> = {}): PageFacts => ({
  ...factsOfReport(report(of)),
  ...changes,
});

const status = {
  run: "0123456789abcdef",
  source: "chroma-folder:/data",
  target: "http://127.0.0.1:6333",
  state: "VERIFIED",
  runningPid: null,
  diedPid: null,
  reason: null,
  counts: { listed: 50, pending: 0, written: 50, quarantined: 0, left: 0, deleted: 0 },
  collections: [],
  recordsPerSecond: null,
  quarantine: { byReason: {}, file: null },
  delta: null,
  report: null,
  createdAt: "",
  updatedAt: "",
  next: [],
} satisfies PageFacts["status"];

const verify = {
  verdict: "All of them are the same.",
  readSource: true,
  differences: 0,
  foreign: {},
  sample: null,
  collections: [],
} satisfies Report["verify"];

describe("HTML", () => {
  it("escapes what is put into it, and nothing twice", () => {
    const inner = html`<b>${"<&>"}</b>`;
    expect(html`<p title="${`"'`}">${[inner, " ", 1_000, null]}</p>`.text).toBe(
      '<p title="&quot;&#39;"><b>&lt;&amp;&gt;</b> 1000</p>',
    );
    expect(html`${"a\u0000b\u001bc\nd"}`.text).toBe("a\ufffdb\ufffdc\nd");
  });
});

describe("the page's first word", () => {
  const done = { exit: 0, failure: null } as const;
  it.each<[string, string, PageFacts]>([
    ["Failed", "bad", facts({}, { exit: 1 })],
    ["Stopped for now", "warn", facts()],
    ["Paused", "warn", facts({}, { exit: 130 })],
    ["Gate missed", "bad", facts({}, { exit: 6 })],
    ["Verified", "good", facts({ status }, { ...done, verify })],
    ["Not verified", "warn", facts({ status }, done)],
    ["Stale", "warn", facts({ status: { ...status, state: "STALE" } }, { ...done, verify })],
    [
      "Cancelled",
      "warn",
      facts({ status: { ...status, state: "CANCELLED" } }, { ...done, verify }),
    ],
    ["Differences", "bad", facts({ status }, { ...done, verify: { ...verify, differences: 3 } })],
    [
      "Done, with quarantine",
      "warn",
      facts(
        { status },
        { ...done, exit: 3, verify, quarantine: { records: 2, byReason: { nan: 2 }, file: "q" } },
      ),
    ],
    ["At work", "busy", facts({ status: { ...status, runningPid: 7 } })],
    ["Interrupted", "bad", facts({ status: { ...status, diedPid: 7 } })],
  ])("is %s (%s)", (word, tone, of) => {
    expect(verdictOf(of)).toMatchObject({ word, tone });
    expect(reportPage(of)).toContain(`<p class="word">${word}</p>`);
  });

  it("is never good while differences are left by an older verify", () => {
    const older = report({ exit: 0, failure: null, verify: { ...verify, differences: 1 } });
    const newer = facts({ status, verify: older }, { exit: 0, failure: null });
    expect(verdictOf(newer).tone).toBe("bad");
  });
});

describe("a page", () => {
  it("has no script, asks for nothing, and escapes names", () => {
    const page = reportPage(facts());
    expect(page).toContain("Nobody answers &lt;there&gt;.");
    expect(page).toContain("/data/&lt;chroma&gt;");
    expect(page).not.toMatch(/<script|<img|<iframe|@import|url\(|href="http|src=/i);
    expect(page).toContain("default-src 'none'");
  });
});

describe("charts", () => {
  it("draw nothing beyond their frame, and say what was not measured", () => {
    const chart = barChart(
      "x",
      [
        { label: "long ".repeat(20), values: [null, 5] },
        { label: "b", values: [0, 0] },
      ],
      String,
    );
    expect(chart.text).toContain("not measured");
    expect(chart.text).not.toMatch(/NaN|Infinity|-\d+"/);
    const flat = curveChart(
      "y",
      [
        { seconds: 1, value: 0 },
        { seconds: 1, value: 0 },
      ],
      String,
      String,
    );
    expect(barChart("z", [{ label: "a", values: [null, 5] }], String).text).not.toContain(
      "not measured",
    );
    expect(flat.text).not.toMatch(/NaN|Infinity/);
  });
});
