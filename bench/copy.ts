/** The copy: reading alone, writing alone, both together, and verified; each beside what bounds it. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { chromaAvailable, startChroma } from "../test/support/chroma-server.ts";
import { makeFolder } from "../test/support/make-folder.ts";
import { benchRecords, describeData, vectorFiller } from "./data.ts";

interface CopyOptions {
  readonly records: number;
  readonly dimension: number;
  readonly sources: readonly string[];
}

const measuredSchema = z.object({
  rows: z.number(),
  ms: z.number(),
  copyMs: z.number().optional(),
  greenMs: z.number().optional(),
  rssMb: z.number(),
});
type Measured = z.infer<typeof measuredSchema>;

const run = promisify(execFile);

/** Prints one table; every figure comes from a process of its own. */
export async function benchCopy({ records, dimension, sources }: CopyOptions): Promise<void> {
  console.log(`${records} × ${dimension}, ${describeData(dimension)}\n`);
  const work = mkdtempSync(path.join(tmpdir(), "vecferry-bench-"));
  try {
    const targets = [`embedded:${path.join(work, "qdrant")}`, process.env["QDRANT_URL"]].filter(
      (address) => address !== undefined,
    );
    for (const target of targets) await benchWriting(target, records, dimension);
    if (sources.includes("folder")) {
      const folder = path.join(work, "chroma");
      makeFolder(folder, {
        records,
        dimension,
        distance: "cosine",
        name: "bench",
        documentLength: 60,
        metadataKeys: 5,
        fill: vectorFiller(dimension),
      });
      await benchSource("folder", folder, null, targets, work);
    }
    if (sources.includes("server")) await benchServer(records, dimension, targets, work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function benchServer(
  records: number,
  dimension: number,
  targets: readonly string[],
  work: string,
): Promise<void> {
  const missing = chromaAvailable();
  if (missing !== null) {
    console.log(`Chroma server: left out (${missing})`);
    return;
  }
  await using server = await startChroma();
  await fill(server.url, records, dimension);
  const wire = await measure("peers.ts", "wire", server.url);
  await benchSource("Chroma server", server.url.replace(/^http/, "chroma"), wire, targets, work);
}

async function benchWriting(target: string, records: number, dimension: number): Promise<void> {
  const ours = await measure("child.ts", "write", target, String(records), String(dimension));
  const peer = target.startsWith("http")
    ? await measure("peers.ts", "client", target, String(records), String(dimension))
    : null;
  print(`write into ${nameOf(target)}`, ours, peer, "official REST client");
}

async function benchSource(
  name: string,
  address: string,
  wire: Measured | null,
  targets: readonly string[],
  work: string,
): Promise<void> {
  const read = await measure("child.ts", "read", address);
  print(`read from ${name}`, read, wire, "the wire, unparsed");
  for (const [index, target] of targets.entries()) {
    const state = path.join(work, `state-${name}-${index}`);
    const copied = await measure("child.ts", "copy", address, target, state);
    const to = `${name} to ${nameOf(target)}`;
    print(`copy ${to}`, { ...copied, ms: copied.copyMs ?? copied.ms }, read, "reading alone");
    print(`copy and verify ${to}`, copied, read, "reading alone");
    console.log(
      `  until green ${((copied.greenMs ?? 0) / 1000).toFixed(1)} s, peak RSS ${copied.rssMb} MB`,
    );
    await measure("child.ts", "drop", target);
  }
}

function nameOf(target: string): string {
  return target.startsWith("http") ? "a Qdrant server" : "embedded Qdrant";
}

function print(what: string, ours: Measured, other: Measured | null, otherName: string): void {
  const rate = ({ rows, ms }: Measured) => Math.round((rows / ms) * 1000);
  const beside =
    other === null
      ? ""
      : `   ${otherName} ${rate(other)} rows/s   ratio ${(rate(ours) / rate(other)).toFixed(2)}`;
  console.log(
    `${what.padEnd(48)} ${String(rate(ours)).padStart(7)} rows/s   RSS ${ours.rssMb} MB${beside}`,
  );
}

async function measure(file: string, ...words: string[]): Promise<Measured> {
  const script = path.join(import.meta.dirname, file);
  const { stdout } = await run(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", script, ...words],
    { maxBuffer: 1 << 20 },
  );
  return measuredSchema.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
}

/** Loads a Chroma server by plain HTTP, as any client would. */
export async function fill(url: string, records: number, dimension: number): Promise<void> {
  const base = `${url}/api/v2/tenants/default_tenant/databases/default_database/collections`;
  const post = async (to: string, body: object): Promise<unknown> => {
    const response = await fetch(to, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${to}: ${response.status} ${await response.text()}`);
    return await response.json();
  };
  const { id } = z
    .object({ id: z.string() })
    .parse(await post(base, { name: "bench", configuration: { hnsw: { space: "cosine" } } }));
  let batch = {
    ids: [] as string[],
    embeddings: [] as number[][],
    documents: [] as string[],
    metadatas: [] as object[],
  };
  const send = async () => {
    if (batch.ids.length > 0) await post(`${base}/${id}/add`, batch);
    batch = { ids: [], embeddings: [], documents: [], metadatas: [] };
  };
  for await (const record of benchRecords(records, dimension)) {
    batch.ids.push(record.id);
    batch.embeddings.push([...record.vector]);
    batch.documents.push(record.document);
    batch.metadatas.push(record.metadata);
    if (batch.ids.length === 2000) await send();
  }
  await send();
}
