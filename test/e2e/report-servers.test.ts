/** The page of a migration between two servers: what was before and what is now, both measured. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reportSchema } from "../../src/migrate/report-schema.ts";
import { seededRandom } from "../../src/util/seeded-random.ts";
import { browserPath, noBrowser, startBrowser } from "../support/browser.ts";
import { addRecords, makeCollection, newPlace } from "../support/chroma-fill.ts";
import { type ChromaServer, chromaAvailable, startChroma } from "../support/chroma-server.ts";
import { runCli, temporaryFolder } from "../support/cli.ts";
import { type QdrantPlace, qdrantKinds } from "../support/qdrant-places.ts";

const skip = chromaAvailable("1.5.9", true);
const text = "A text that belongs to nobody else";
const tenants = { ants: "acme", bees: "日本の会社" } as const;

function randomRecords(count: number, seed: number) {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) => ({
    id: `person-${index}`,
    vector: Array.from({ length: 24 }, () => Math.fround(random() * 2 - 1)),
    document: `${text} ${index}`,
    uri: null,
    metadata: `{"kind":"${index % 3}"}`,
  }));
}

describe.skipIf(skip)(`between a Chroma and a Qdrant${skip ? ` (skipped: ${skip})` : ""}`, () => {
  let server: ChromaServer;
  let source = "";
  beforeAll(async () => {
    server = await startChroma({ version: "1.5.9" });
    const place = await newPlace(server);
    for (const name of Object.keys(tenants)) {
      const key = await makeCollection(server, place, name, { "hnsw:space": "cosine" });
      await addRecords(server, place, key, randomRecords(250, name.length));
    }
    source = `chroma://${server.url.slice(7)}/${place.tenant}/${place.database}`;
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  async function migrated(folder: string, target: QdrantPlace) {
    const mapping = join(folder, "mapping.json");
    writeFileSync(mapping, JSON.stringify(tenants));
    const [page, json] = [join(folder, "r.html"), join(folder, "r.json")];
    const argv = ["migrate", source, target.url, "--tenant-mapping", mapping];
    argv.push("--target-collection", target.unique("all"), "--compare", "--query-sample", "60");
    argv.push("--report-file", page, "--report-file", json);
    const ended = await runCli(argv, { cwd: folder, env: target.env });
    expect(ended).toMatchObject({ status: 0, stderr: "" });
    return { page, json, state: join(folder, ".vecferry") };
  }

  describe.each(qdrantKinds)("$name", ({ skip: without, start }) => {
    it.skipIf(without)(
      "tells latency, throughput and memory of both, and recall by tenant",
      async () => {
        using folder = temporaryFolder();
        await using target = await start();
        const { page, json } = await migrated(folder.path, target);
        const { compare } = reportSchema.parse(JSON.parse(readFileSync(json, "utf8")));
        const shown = readFileSync(page, "utf8");
        expect(shown).toContain(
          "All 500 records of 2 collections are at the target, and verified.",
        );
        for (const end of ["source", "target"] as const) {
          expect(compare?.latency[end].map(({ inFlight }) => inFlight)).toEqual([1, 8, 32]);
          for (const { p50Ms, p95Ms, p99Ms, queriesPerSecond, inFlight } of compare?.latency[end] ??
            []) {
            expect([p50Ms > 0, p95Ms >= p50Ms, p99Ms >= p95Ms, queriesPerSecond > 0]).not.toContain(
              false,
            );
            expect(shown).toContain(`<td>${end}, ${inFlight} in flight</td>`);
          }
        }
        expect(section(shown, "latency")).not.toContain("not measured");
        for (const tenant of Object.values(tenants))
          expect(section(shown, "quality")).toContain(`<td>tenant ${tenant}</td>`);
        expect(section(shown, "quality")).toMatch(/Overlap@10.*Recall|Recall@10.*Overlap@10/s);
        const measured = compare?.residentBytes ?? { source: null, target: null };
        const canBeRead = existsSync("/proc/self/statm");
        expect(measured.source !== null).toBe(canBeRead);
        expect(section(shown, "memory")).toContain("<td>computed</td>");
        expect(shown).not.toContain(text);
        expect(shown).not.toContain("person-");
      },
    );
  });

  it.skipIf(browserPath === null)(
    `is read whole in a browser, light, dark and on paper${browserPath === null ? ` (${noBrowser})` : ""}`,
    { timeout: 240_000 },
    async () => {
      using folder = temporaryFolder();
      await using target = await qdrantKinds[0]?.start();
      if (target === undefined) throw new Error("no Qdrant");
      const { page: file } = await migrated(folder.path, target);
      await using browser = await startBrowser(browserPath ?? "");
      const page = await browser.page();
      await page.goto(pathToFileURL(file).href);
      const empty =
        "[...document.querySelectorAll('section')].filter((one) => one.textContent.trim() === one.querySelector('h2').textContent).map((one) => one.id)";
      expect(await page.evaluate(empty)).toEqual([]);
      const looks = [
        ["", "light", [375, 1100]],
        ["", "dark", [375, 1100]],
        // A4 between its margins.
        ["print", "light", [690]],
      ] as const;
      for (const [media, scheme, widths] of looks) {
        await page.media(media, scheme);
        for (const width of widths) {
          await page.screenshot(width);
          expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(
            width,
          );
          expect(await page.evaluate(outOfFrame)).toEqual([]);
          expect(await page.evaluate(faint)).toEqual([]);
        }
      }
      expect(page.complaints).toEqual([]);
      expect(page.requests).toHaveLength(1);
    },
  );
});

const section = (page: string, id: string): string =>
  new RegExp(`<section id="${id}">.*?</section>`, "s").exec(page)?.[0] ?? "";

/** Texts of charts that reach beyond their chart. */
const outOfFrame = `[...document.querySelectorAll("svg text")].filter((one) => {
  const [text, frame] = [one.getBoundingClientRect(), one.ownerSVGElement.getBoundingClientRect()];
  return text.left < frame.left - 1 || text.right > frame.right + 1 || text.bottom > frame.bottom + 1;
}).map((one) => one.textContent)`;

/** Texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3). */
const faint = `(() => {
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((one) => one / 255).map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (one) => { for (let at = one; at !== null; at = at.parentElement) { const color = parts(getComputedStyle(at).backgroundColor); if (color.length < 4 || color[3] > 0) return color; } return [255, 255, 255]; };
  const bad = new Set();
  for (const one of document.querySelectorAll("h1, h2, h3, p, td, th, dt, dd, li, code, span, svg text, footer")) {
    const style = getComputedStyle(one);
    const [ink, back] = [light(parts(one.closest("svg") ? style.fill : style.color)), light(behind(one))];
    if ((Math.max(ink, back) + 0.05) / (Math.min(ink, back) + 0.05) < 4.5) bad.add(one.tagName + " " + one.className + " " + style.color);
  }
  return [...bad];
})()`;
