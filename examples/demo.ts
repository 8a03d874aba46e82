/**
 * `npm run demo`: moves a real Chroma folder into an embedded Qdrant, three collections for three tenants, verifies, and
 * shows one search for each tenant before and after. Works offline; everything it makes is in `demo-out/`.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { denseVector } from "../src/model/vector-column.ts";
import { connectSource, connectTarget } from "../src/open.ts";
import type { Hit, SourceStore, TargetStore } from "../src/store/port.ts";

const root = path.resolve(import.meta.dirname, "..");
const out = path.join(root, "demo-out");
const main = path.join(root, "dist/cli/main.js");
/** What each tenant looks for: everything like this package. */
const searches = [
  { collection: "debian_admin", tenant: "operations", like: "backup2l" },
  { collection: "debian_games", tenant: "arcade", like: "pychess" },
  { collection: "debian_science", tenant: "laboratory", like: "proda" },
];
const results = 5;

rmSync(out, { recursive: true, force: true });
mkdirSync(path.join(out, "chroma"), { recursive: true });
execFileSync("tar", [
  "-xzf",
  path.join(root, "examples/chroma.tar.gz"),
  "-C",
  path.join(out, "chroma"),
]);
const mapping = Object.fromEntries(searches.map(({ collection, tenant }) => [collection, tenant]));
writeFileSync(path.join(out, "tenant_mapping.json"), `${JSON.stringify(mapping, null, 2)}\n`);

vecferry(
  "migrate ./chroma embedded:./qdrant --target-collection debian --tenant-mapping tenant_mapping.json --index section --report-file migration_report.json",
);
vecferry("verify ./chroma embedded:./qdrant");
await showSearches();
console.log(`
The report is demo-out/migration_report.json. Serve the result:

  npx vecferry serve ./demo-out/qdrant

and ask it, in another terminal, as you would ask any Qdrant:

  curl http://127.0.0.1:6333/collections/debian
  curl http://127.0.0.1:6333/collections/debian/points/scroll -H 'content-type: application/json' \\
    -d '{"limit": 3, "filter": {"must": [{"key": "tenant_id", "match": {"value": "arcade"}}]}}'
`);

/** Runs the built command in `demo-out/`, and shows it as one would type it. */
function vecferry(line: string): void {
  console.log(`\n$ vecferry ${line}`);
  const args = [main, ...line.split(" "), "--state", ".vecferry"];
  const { status } = spawnSync(process.execPath, args, { cwd: out, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

async function showSearches(): Promise<void> {
  await using source = await connectSource(path.join(out, "chroma"));
  await using target = await connectTarget(`embedded:${path.join(out, "qdrant")}`);
  for (const search of searches) await showSearch(source, target, search);
}

async function showSearch(
  source: SourceStore,
  target: TargetStore,
  search: (typeof searches)[number],
): Promise<void> {
  const [before] = (await source.collections()).filter(({ name }) => name === search.collection);
  const [after] = (await target.collections()).filter(({ name }) => name === "debian");
  if (before === undefined || after === undefined) throw new Error("A collection is not there.");
  const { batch } = await source.read(before, [search.like]);
  const query = denseVector(batch)?.data;
  if (query === undefined) throw new Error(`${search.like} is not there.`);
  const old = await source.search(before, query, { limit: results });
  const now = await target.search(after, query, { limit: results, tenant: search.tenant });
  console.log(`\nLike ${search.like}, as tenant ${search.tenant}`);
  console.log(
    `  ${column(`before: Chroma's ${before.name}, brute force`)}  ${column("after: embedded Qdrant, filter tenant_id")}`,
  );
  for (let place = 0; place < results; place += 1)
    console.log(`  ${column(shown(old[place]))}  ${column(shown(now[place]))}`);
  const same = old.every(({ id }, place) => id === now[place]?.id);
  console.log(same ? "  The same records in the same order." : "  THE RESULTS DIFFER.");
  if (!same) process.exitCode = 4;
}

function shown(hit: Hit | undefined): string {
  return hit === undefined
    ? ""
    : `${(Math.round(hit.distance * 1e4) / 1e4 || 0).toFixed(4)} ${hit.document ?? hit.id}`;
}

function column(text: string): string {
  return text.length > 54 ? `${text.slice(0, 53)}…` : text.padEnd(54);
}
