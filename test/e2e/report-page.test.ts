/** The report as a page: what is on it, in a real browser where there is one, and that it asks for nothing. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/run.ts";
import { reportSchema } from "../../src/migrate/report-schema.ts";
import { browserPath, noBrowser, startBrowser } from "../support/browser.ts";
import { temporaryFolder } from "../support/cli.ts";
import { makeFolder } from "../support/make-folder.ts";

const secret = "A text that belongs to nobody else";

interface Ran {
  readonly exit: Promise<number>;
  readonly said: () => string;
  readonly stop: () => void;
}

function start(folder: string, ...argv: string[]): Ran {
  const interrupt = new AbortController();
  let text = "";
  const keep = () => new PassThrough().on("data", (chunk) => (text += String(chunk)));
  const exit = runCli({
    argv,
    variables: {},
    folder,
    stdout: keep(),
    stderr: keep(),
    signal: interrupt.signal,
  });
  return { exit, said: () => text, stop: () => interrupt.abort() };
}

const run = async (folder: string, ...argv: string[]) => {
  const ran = start(folder, ...argv);
  return { exit: await ran.exit, said: ran.said() };
};

/** A migration that was compared; the words of its ends, its state folder and where its report is wanted. */
async function migrated(folder: string) {
  const source = join(folder, "c");
  mkdirSync(source);
  const made = Array.from({ length: 300 }, (_, n) => ({
    id: `person-${n}`,
    document: `${secret} ${n}`,
    metadata: { n },
  }));
  makeFolder(source, {
    records: made.length,
    dimension: 4,
    made,
    name: "<b>people</b>".replace(/[<>/]/g, ""),
  });
  const state = join(folder, "s");
  const [page, json] = [join(folder, "r.html"), join(folder, "r.json")];
  const words = ["migrate", source, `embedded:${join(folder, "q")}`, "--compare", "--state", state];
  const left = ["--report-file", page, "--report-file", json, "--log-file", join(folder, "log")];
  const { exit, said } = await run(folder, ...words, ...left);
  return { exit, said, state, page, json };
}

describe("--report-file x.html", () => {
  it("writes the page beside the JSON, without any row's text; report makes the same from the journal", async () => {
    using folder = temporaryFolder();
    const { exit, said, state, page, json } = await migrated(folder.path);
    expect([exit, said.includes(`Page:       ${page}`)]).toEqual([0, true]);
    const report = reportSchema.parse(JSON.parse(readFileSync(json, "utf8")));
    expect(report.rateSamples.at(-1)?.records).toBeGreaterThan(0);
    const text = readFileSync(page, "utf8");
    expect(text).toContain("All 300 records of 1 collection are at the target, and verified.");
    expect(text).not.toContain(secret);
    expect(text).not.toContain("person-1");

    const again = await run(folder.path, "report", state);
    expect(again.exit).toBe(0);
    const own = /^Report: +(.*)$/m.exec(again.said)?.[1] ?? "";
    const noTimes = (html: string) => html.replace(/Made by.*?UTC/, "");
    expect(noTimes(readFileSync(own, "utf8"))).toBe(noTimes(text));

    const taken = await run(folder.path, "report", state, "--report-file", page);
    expect([taken.exit, taken.said.includes("--force")]).toEqual([2, true]);
    const forced = await run(folder.path, "report", state, "--report-file", page, "--force");
    expect(forced.exit).toBe(0);
  });

  it("keeps what an earlier run compared when a later one only verifies", async () => {
    using folder = temporaryFolder();
    const { state } = await migrated(folder.path);
    const words = ["verify", "--state", state, "--log-file", join(folder.path, "log")];
    expect((await run(folder.path, ...words)).exit).toBe(0);
    await run(folder.path, "report", state, "--report-file", join(folder.path, "v.html"));
    const text = readFileSync(join(folder.path, "v.html"), "utf8");
    expect(text).toContain("Last run: verify");
    expect(text).toContain("every record of the source was read anew");
    expect(text).toContain("Recall@10");
  });

  it("refuses another ending before anything is done, and writes the page of a run that failed", async () => {
    using folder = temporaryFolder();
    const ends = ["migrate", join(folder.path, "none"), "embedded:./q"];
    const other = await run(folder.path, ...ends, "--report-file", "r.pdf");
    expect([other.exit, other.said.includes("must end in .json or .html")]).toEqual([2, true]);
    const page = join(folder.path, "r.html");
    const log = ["--log-file", join(folder.path, "log"), "--state", join(folder.path, "s")];
    const failed = await run(folder.path, ...ends, "--report-file", page, ...log);
    expect(failed.exit).toBe(2);
    expect(readFileSync(page, "utf8")).toContain(
      '<div class="verdict bad"><p class="word">Failed</p>',
    );
  });
});

describe("vecferry report", () => {
  it("says what is missing: no journal, no such migration", async () => {
    using folder = temporaryFolder();
    expect(await run(folder.path, "report", "none")).toMatchObject({
      exit: 2,
      said: expect.stringContaining("E_NO_MIGRATION"),
    });
    const { state } = await migrated(folder.path);
    expect(await run(folder.path, "report", state, "--run", "beef")).toMatchObject({
      exit: 2,
      said: expect.stringContaining("beef"),
    });
  });
});

/** What a server answers; fetch sends no Host of one's own. */
function ask(url: string, host?: string): Promise<{ status: number; body: string }> {
  return new Promise((settle, reject) => {
    const headers = host === undefined ? {} : { host };
    request(url, { headers }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (text: string) => (body += text));
      answer.on("end", () => settle({ status: answer.statusCode ?? 0, body }));
    })
      .on("error", reject)
      .end();
  });
}

async function listening(ran: Ran): Promise<string> {
  for (;;) {
    const url = /at (http:\S+)/.exec(ran.said())?.[1];
    if (url !== undefined) return url;
    const ended = await Promise.race([ran.exit, new Promise((settle) => setTimeout(settle, 20))]);
    if (ended !== undefined) throw new Error(ran.said());
  }
}

describe("vecferry ui", () => {
  it("shows a folder before and after anything is in it, to loopback names alone", async () => {
    using folder = temporaryFolder();
    const ran = start(folder.path, "ui", join(folder.path, "s"), "--port", "0");
    const url = await listening(ran);
    expect((await ask(url)).body).toContain("No migration has begun");
    await migrated(folder.path);
    await new Promise((settle) => setTimeout(settle, 1100));
    const { body } = await ask(url);
    expect(body).toContain('<p class="word">Verified</p>');
    expect(body).toContain('<script src="/live.js" defer>');
    expect(JSON.parse((await ask(`${url}/status.json`)).body)).toMatchObject({
      migrations: [{ state: "VERIFIED", counts: { written: 300 } }],
    });
    expect((await ask(url, "evil.example")).status).toBe(403);
    expect((await ask(`${url}/../../etc/passwd`)).status).toBe(404);

    const port = new URL(url).port;
    const second = await run(folder.path, "ui", join(folder.path, "s"), "--port", port);
    expect([second.exit, second.said.includes("cannot be taken")]).toEqual([2, true]);
    ran.stop();
    expect(await ran.exit).toBe(0);
  });

  it("says that a journal is damaged, and goes on answering", async () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, "s"));
    writeFileSync(join(folder.path, "s/journal.sqlite"), "no journal".repeat(1000));
    const ran = start(folder.path, "ui", join(folder.path, "s"), "--port", "0");
    const url = await listening(ran);
    expect((await ask(url)).body).toContain("Cannot be read");
    expect((await ask(url)).status).toBe(200);
    ran.stop();
    expect(await ran.exit).toBe(0);
  });
});

describe.skipIf(browserPath === null)(
  `in a browser${browserPath === null ? ` (${noBrowser})` : ""}`,
  () => {
    const path = browserPath ?? "";

    it("shows the page, whole at every width, and fetches nothing", {
      timeout: 120_000,
    }, async () => {
      using folder = temporaryFolder();
      const { page: file } = await migrated(folder.path);
      await using browser = await startBrowser(path);
      const page = await browser.page();
      const url = pathToFileURL(file).href;
      await page.goto(url);
      expect(await page.evaluate("document.querySelector('h1').textContent")).toContain(
        "All 300 records",
      );
      const sections = "[...document.querySelectorAll('section')].map((one) => one.id)";
      expect(await page.evaluate(sections)).toEqual(
        expect.arrayContaining([
          "moved",
          "verified",
          "quality",
          "latency",
          "memory",
          "rate",
          "quarantine",
          "plan",
        ]),
      );
      const bar = "document.querySelector('#quality svg rect.b').getBoundingClientRect().width";
      expect(await page.evaluate(bar)).toBeGreaterThan(50);
      const color = "getComputedStyle(document.body).backgroundColor";
      for (const width of [320, 1100]) {
        for (const scheme of ["light", "dark"] as const) {
          await page.media("", scheme);
          expect((await page.screenshot(width)).subarray(1, 4).toString()).toBe("PNG");
          expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(
            width,
          );
          expect(await page.evaluate(color)).toBe(
            scheme === "light" ? "rgb(255, 255, 255)" : "rgb(20, 22, 26)",
          );
        }
      }
      await page.media("print", "dark");
      expect(await page.evaluate(color)).toBe("rgb(255, 255, 255)");
      expect(page.requests).toEqual([url]);
      expect(page.complaints).toEqual([]);
    });

    it("is kept up to date by ui, and says when that has gone", { timeout: 120_000 }, async () => {
      using folder = temporaryFolder();
      const ran = start(folder.path, "ui", join(folder.path, "s"), "--port", "0");
      await using browser = await startBrowser(path);
      const page = await browser.page();
      await page.goto(await listening(ran));
      const word = "document.querySelector('.word').textContent";
      expect(await page.evaluate(word)).toBe("Nothing yet");
      await migrated(folder.path);
      const shows = (expression: string) =>
        page.evaluate(
          `new Promise((settle) => { const look = () => (${expression}) ? settle(true) : setTimeout(look, 100); look(); })`,
        );
      await shows(`${word} === "Verified"`);
      expect(page.complaints).toEqual([]);
      ran.stop();
      expect(await ran.exit).toBe(0);
      await shows("document.getElementById('lost') !== null");
      expect(await page.evaluate(word)).toBe("Verified");
    });
  },
);
