/** Records that a Qdrant cannot hold are named and the rest is carried; odd ids are carried as they are. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { temporaryFolder, unpackChroma } from "../support/cli.ts";
import { fileList, recordedAnswers } from "../support/fixtures.ts";
import { madeVector, makeFolder } from "../support/make-folder.ts";
import { serveFolder } from "../support/qdrant-places.ts";
import { expectRefusal, runKeyed } from "../support/refusal.ts";
import { type StubHandler, startStub } from "../support/stub.ts";
import { type StubRecord, stubChroma } from "../support/stub-chroma.ts";
import { stubCollections, stubRecords } from "../support/stub-scene.ts";

/** Vectors of which some are no vectors: 3, 4 and 5 stand in the index, 54 and 55 in the queue. */
function spoilt(index: number, vector: Float32Array): void {
  madeVector(index, vector);
  if (index === 3 || index === 54) vector[1] = Number.NaN;
  if (index === 4) vector[0] = Number.NEGATIVE_INFINITY;
  if (index === 5 || index === 55) vector.fill(0);
}

/** What a run with records in quarantine says: status 3, the reasons, and where each record stands with its own. */
async function quarantined(
  source: string,
  cwd: string,
): Promise<{ summary: string; named: Record<string, string>; details: string }> {
  const { status, stdout, stderr } = await runKeyed(["migrate", source, "embedded:q"], cwd);
  expect([status, stderr], stdout).toEqual([3, ""]);
  expect(stdout).toMatch(/^Next: .*stands with its reason in .*mend what can be mended/m);
  const [, file = ""] = /^Quarantine: (.+)$/m.exec(stdout) ?? [];
  const details = readFileSync(file, "utf8").trim();
  const lines: { id: string; reason: string }[] = details.split("\n").map((x) => JSON.parse(x));
  const named = Object.fromEntries(lines.map(({ id, reason }) => [id, reason]));
  return { summary: /^\d+ records in quarantine.*$/m.exec(stdout)?.[0] ?? "", named, details };
}

describe("vectors that cannot be carried", () => {
  it("of a cosine folder are named: what is not finite, and what is zero", async () => {
    using folder = temporaryFolder();
    const made = { records: 60, dimension: 4, flushedShare: 0.5, fill: spoilt } as const;
    makeFolder(join(folder.path, "c"), { ...made, distance: "cosine" });
    const before = fileList(join(folder.path, "c"));
    const { summary, named, details } = await quarantined("./c", folder.path);
    expect(summary).toBe("5 records in quarantine: 3 not-finite, 2 zero-vector.");
    expect(named).toEqual({
      "id-3": "not-finite",
      "id-4": "not-finite",
      "id-5": "zero-vector",
      "id-54": "not-finite",
      "id-55": "zero-vector",
    });
    expect(details).toContain("no direction, so it has no cosine distance");
    expect(fileList(join(folder.path, "c"))).toEqual(before);
    await using qdrant = await serveFolder(join(folder.path, "q"));
    const { count } = await qdrant.call<{ count: number }>(
      "POST",
      "/collections/made/points/count",
      { exact: true },
    );
    expect(count).toBe(55);
  });

  it("of an l2 folder are named, and a zero vector is carried", async () => {
    using folder = temporaryFolder();
    makeFolder(join(folder.path, "c"), {
      records: 60,
      dimension: 4,
      flushedShare: 0.5,
      fill: spoilt,
    });
    const { named } = await quarantined("./c", folder.path);
    expect(named).toEqual({ "id-3": "not-finite", "id-4": "not-finite", "id-54": "not-finite" });
  });

  it("of a folder are named where they have another dimension", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "c");
    makeFolder(path, { records: 60, dimension: 4, flushedShare: 0.5 });
    using database = new DatabaseSync(join(path, "chroma.sqlite3"));
    database
      .prepare("update embeddings_queue set vector = ? where id = 'id-40'")
      .run(new Uint8Array(12));
    database.close();
    const { named, details } = await quarantined("./c", folder.path);
    expect(named).toEqual({ "id-40": "wrong-dimension" });
    expect(details).toContain("another dimension than the collection");
  });

  it("of a server are named: another dimension, not finite, zero under cosine", async () => {
    using folder = temporaryFolder();
    const vectors: (number | null)[][] = [[1, 2], [1, 2, 3], [1], [null, 1], [1e39, 1], [0, 0]];
    const records: StubRecord[] = vectors.map((embedding, n) => ({ id: `r${n}`, embedding }));
    await using stub = await startStub(stubChroma({ api: "v2", records }));
    const { named } = await quarantined(stub.url.replace("http:", "chroma:"), folder.path);
    expect(named).toEqual({
      r1: "wrong-dimension",
      r2: "wrong-dimension",
      r3: "not-finite",
      r4: "not-finite",
      r5: "zero-vector",
    });
  });
});

describe("ids of 0, 300 and 10,000 characters, and NUL bytes in ids and texts", () => {
  it("arrive as they were", async () => {
    using folder = temporaryFolder();
    const source = `${unpackChroma("0.4.24", folder.path)}?tenant=default_tenant`;
    const args = ["migrate", source, "embedded:q", "--chromadb-collections", "awkward"];
    expect(await runKeyed(args, folder.path)).toMatchObject({ status: 0, stderr: "" });
    const recorded = recordedAnswers("0.4.24").find(
      ({ tenant, name }) => tenant === "default_tenant" && name === "awkward",
    );
    const ids = [...(recorded?.ids ?? [])].sort();
    const lengths = new Set(ids.map(({ length }) => length));
    expect([0, 300, 10_000].filter((length) => !lengths.has(length))).toEqual([]);
    expect(ids.filter((id) => id.includes("\0"))).toHaveLength(2);

    await using qdrant = await serveFolder(join(folder.path, "q"));
    const { points } = await qdrant.call<{
      points: { payload: { _vecferry: { id: string }; document?: string } }[];
    }>("POST", "/collections/awkward/points/scroll", { limit: 100, with_payload: true });
    expect(points.map(({ payload }) => payload._vecferry.id).sort()).toEqual(ids);
    const documents = points.map(({ payload }) => payload.document ?? null);
    expect(documents).toContain("line\none\0two");
    expect(documents.filter((one) => one !== null).sort()).toEqual(
      recorded?.documents.filter((one) => one !== null).sort(),
    );
  });
});

describe("a proxy that begins to cut answers short in the midst of a run", () => {
  /** Passes requests on; where `isCut` says so, half of the answer is sent, and then nothing. */
  const cutting =
    (upstream: StubHandler, isCut: (path: string, method: string) => boolean): StubHandler =>
    async (request, response) => {
      const answer = await upstream(request, response);
      if (answer === undefined || !isCut(request.path, request.method)) return answer;
      const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
      response.writeHead(200, {
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(text)),
      });
      response.write(text.slice(0, text.length / 2), () => response.destroy());
      return undefined;
    };
  const refusal = {
    exit: 5,
    code: "E_BAD_RESPONSE",
    says: "the answer was cut short",
    remedy: "mend it and run the same command again",
  };

  it.concurrent("at the source: exit 5, and the same command goes on when it is mended", async () => {
    using folder = temporaryFolder();
    let cut = true;
    const scene = stubCollections(new Map([["things", stubRecords("r", 20, 4)]]));
    await using stub = await startStub(cutting(scene, (path) => cut && path.endsWith("/get")));
    const args = ["migrate", stub.url.replace("http:", "chroma:"), "embedded:q"];
    expectRefusal(await runKeyed(args, folder.path), refusal);
    cut = false;
    expect(await runKeyed(args, folder.path)).toMatchObject({ status: 0, stderr: "" });
  });

  it.concurrent("at the target: exit 5, and the same command goes on when it is mended", async () => {
    using folder = temporaryFolder();
    makeFolder(join(folder.path, "c"), { records: 60, dimension: 4 });
    await using qdrant = await serveFolder(":memory:");
    let cut = true;
    const pass: StubHandler = async ({ method, path, body }) => {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const headers = { "content-type": "application/json" };
      const answer = await fetch(qdrant.url + path, { method, headers, ...sent });
      return { status: answer.status, body: await answer.text() };
    };
    const isWrite = (path: string, method: string): boolean =>
      cut && method === "PUT" && path.includes("/points");
    await using stub = await startStub(cutting(pass, isWrite));
    const args = ["migrate", "./c", stub.url];
    expectRefusal(await runKeyed(args, folder.path), refusal);
    cut = false;
    const mended = await runKeyed(args, folder.path);
    expect(mended).toMatchObject({ status: 0, stderr: "" });
    expect(mended.stdout).toContain("All 60 carried records stand at the target");
  });
});
