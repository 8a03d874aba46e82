/** The page over HTTP, as the state folder is at the time; a script of its own asks for it again every two seconds. */
import { Hono } from "hono";
import { isVectorError } from "../../errors.ts";
import { RateSamples } from "../../migrate/rate-samples.ts";
import { type MigrationStatus, readStatus } from "../../migrate/status.ts";
import { isLoopbackHost } from "../../server/loopback.ts";
import { toVectorError } from "../exit.ts";
import { readFacts } from "./facts.ts";
import { emptyPage, faultPage, reportPage } from "./page.ts";

const scriptPath = "/live.js";
const headers = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/** Of all pages that are open in however many browsers, the journal is read once in so long. */
const keptMs = 1000;
/** And it rests this many times as long as reading it took, for counting reads every record. */
const restFactor = 9;

interface Taken {
  readonly migrations: readonly MigrationStatus[];
  readonly fault: string | null;
  /** When it is to be read again. */
  readonly untilMs: number;
}

/** An application that answers for a state folder; GET alone, under loopback names alone. */
export function livePages(folder: string, redact: (text: string) => string): Hono {
  const state = new LiveState(folder);
  const app = new Hono();
  app.use(async (c, next) => {
    const host = c.req.header("host") ?? "";
    return isLoopbackHost(host)
      ? await next()
      : c.text("This page answers to loopback names only.", 403, headers);
  });
  app.get(scriptPath, (c) =>
    c.body(script, 200, { ...headers, "content-type": "text/javascript; charset=utf-8" }),
  );
  app.get("/status.json", (c) =>
    c.json({ format: 1, migrations: state.take().migrations }, 200, headers),
  );
  app.get("/", (c) => c.html(redact(state.page(c.req.query("run"))), 200, headers));
  app.onError((error, c) => c.text(`${redact(toVectorError(error).message)}\n`, 500, headers));
  return app;
}

class LiveState {
  readonly #folder: string;
  /** By the migration's mark, of those that were seen at work. */
  readonly #rates = new Map<string, RateSamples>();
  #taken: Taken | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  take(): Taken {
    const now = performance.now();
    if (this.#taken === null || now >= this.#taken.untilMs) this.#taken = this.#read(now);
    return this.#taken;
  }

  page(run: string | undefined): string {
    const { migrations, fault } = this.take();
    if (fault !== null) return faultPage(fault, scriptPath);
    const status = migrations.find((one) => one.run === run) ?? migrations[0];
    if (status === undefined) return emptyPage(this.#folder, scriptPath);
    const facts = readFacts(this.#folder, status);
    const seen = status.runningPid === null ? undefined : this.#rates.get(status.run);
    const rates = seen === undefined ? facts.rates : seen.samples;
    return reportPage({ ...facts, rates }, { script: scriptPath, others: migrations });
  }

  #read(startMs: number): Taken {
    const read = this.#migrations();
    const tookMs = performance.now() - startMs;
    return { ...read, untilMs: startMs + tookMs + Math.max(keptMs, restFactor * tookMs) };
  }

  #migrations(): Omit<Taken, "untilMs"> {
    try {
      const { migrations } = readStatus(this.#folder, { measure: false });
      return { migrations: migrations.map((one) => this.#measured(one)), fault: null };
    } catch (error) {
      // A folder in which nothing has begun yet; it is looked at again.
      if (isVectorError(error, "E_NO_MIGRATION")) return { migrations: [], fault: null };
      return { migrations: [], fault: toVectorError(error).message };
    }
  }

  /** With the rate since it was seen before. */
  #measured(status: MigrationStatus): MigrationStatus {
    const { run, runningPid, collections } = status;
    if (runningPid === null) {
      this.#rates.delete(run);
      return status;
    }
    const rates = this.#rates.get(run) ?? new RateSamples();
    this.#rates.set(run, rates);
    for (const { name, target, counts } of collections) {
      const collection = `${name} ${target}`;
      const { written: done, listed: total, quarantined } = counts;
      const moved = { collection, done, total, bytes: 0, quarantined };
      rates.event({ type: "progress", phase: "copy", ...moved });
    }
    return { ...status, recordsPerSecond: rateOf(rates.samples) };
  }
}

/** Records a second between the last two samples that are a second apart; null while there are none. */
function rateOf(samples: RateSamples["samples"]): number | null {
  const last = samples.at(-1);
  const before = samples.findLast(({ atMs }) => last !== undefined && last.atMs - atMs >= 900);
  if (last === undefined || before === undefined) return null;
  return Math.max(
    0,
    Math.round(((last.records - before.records) * 1000) / (last.atMs - before.atMs)),
  );
}

/** Puts the new page's main part into the place of the old one's, so that the reader stays where he reads. */
const script = `
const everyMs = 2000;
async function renew() {
  let lost = false;
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(30000) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = page.querySelector("main");
    if (!answer.ok || main === null) throw new Error("no page");
    const old = document.querySelector("main");
    if (old.innerHTML !== main.innerHTML) old.replaceWith(document.adoptNode(main));
    document.title = page.title;
  } catch { lost = true; }
  const known = document.getElementById("lost");
  if (!lost) known?.remove();
  else if (known === null) {
    const note = document.createElement("p");
    note.id = "lost";
    note.setAttribute("role", "status");
    note.textContent = "vecferry ui does not answer any more; this is the last that it told. The migration is not touched by that.";
    document.querySelector("main").prepend(note);
  }
  setTimeout(renew, everyMs);
}
setTimeout(renew, everyMs);
`;
