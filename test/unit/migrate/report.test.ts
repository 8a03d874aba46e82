import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { VectorError } from "../../../src/errors.ts";
import { reportSchema } from "../../../src/migrate/report-schema.ts";
import { packageVersion } from "../../../src/util/version.ts";
import { writeFileAtomic } from "../../../src/util/whole-file.ts";
import { fakeContext } from "../../support/fake-migration.ts";
import { Scene } from "../../support/fake-scene.ts";
import { FakeTarget } from "../../support/fake-store.ts";

const readReport = (path: string) => reportSchema.parse(JSON.parse(readFileSync(path, "utf8")));

describe("the report", () => {
  it("fits its schema, is private, and says what was done", async () => {
    const scene = new Scene(new FakeTarget());
    const { report, files } = await scene.migrate();
    const written = readReport(files.report);
    expect(written).toEqual(report);
    expect(written).toMatchObject({
      format: 1,
      tool: { name: "vecferry", version: packageVersion },
      command: "migrate",
      state: "VERIFIED",
      totals: { carried: 100, listed: 100 },
      exit: 0,
      failure: null,
      next: [],
    });
    expect(Object.keys(written.phases)).toEqual(expect.arrayContaining(["list", "copy", "verify"]));
    if (process.platform !== "win32") expect(statSync(files.report).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(files.report, "..")).sort()).toEqual(["report.json", "reports"]);
  });

  it("is written when a run fails, with the failure and what was done until then", async () => {
    const scene = new Scene(new FakeTarget());
    let reads = 0;
    scene.source.beforeRead = () => {
      reads += 1;
      if (reads === 3) throw new VectorError("E_SERVER", "The server is on fire.");
    };
    await expect(scene.migrate()).rejects.toMatchObject({ code: "E_SERVER" });
    const [folder = ""] = readdirSync(scene.context.stateFolder).filter((name) =>
      /^[0-9a-f]{16}$/.test(name),
    );
    const report = readReport(join(scene.context.stateFolder, folder, "report.json"));
    expect(report).toMatchObject({
      exit: 5,
      state: "PAUSED",
      failure: { code: "E_SERVER", message: "The server is on fire." },
      verify: null,
    });
    expect(report.totals.listed).toBe(100);
  });

  it("names at most 20 differences of a collection, and counts all", async () => {
    const target = new FakeTarget();
    const scene = new Scene(target);
    await scene.migrate();
    target.points("zoo").clear();
    const { report, exit } = await scene.verify();
    expect(exit).toBe(4);
    expect(report.verify?.differences).toBe(100);
    expect(report.verify?.collections.map(({ examples }) => examples.length)).toEqual([20, 20, 10]);
    expect(report.next[0]).toContain("vecferry repair chroma://fake:8000 http://fake:6333");
  });
});

describe("the quarantine file", () => {
  it("has one line a record with its reason, and goes when nothing is left in it", async () => {
    const scene = new Scene(new FakeTarget());
    const bad = [...Array(30).keys()].map((index) => scene.source.record("ants", `ants-${index}`));
    const vectors = bad.map(({ vector }) => vector);
    for (const record of bad) record.vector = [0, 0, 0, 0];
    scene.source.record("bees", "bees-4").vector = [1, Number.NaN, 0, 0];
    const { exit, files, report } = await scene.migrate();
    expect(exit).toBe(3);
    const lines = readFileSync(files.quarantine ?? "", "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(31);
    expect(lines.at(-1)).toEqual({
      collection: "bees",
      id: "bees-4",
      reason: "not-finite",
      detail: expect.stringContaining("Component 1"),
    });
    expect(report.quarantine).toMatchObject({ byReason: { "zero-vector": 30, "not-finite": 1 } });
    expect(report.next[0]).toContain(files.quarantine);
    if (process.platform !== "win32")
      expect(statSync(files.quarantine ?? "").mode & 0o777).toBe(0o600);
    bad.forEach((record, index) => {
      record.vector = vectors[index] ?? [];
    });
    scene.source.record("bees", "bees-4").vector = [1, 2, 3, 4];
    expect(await scene.migrate()).toMatchObject({ exit: 0, files: { quarantine: null } });
  });
});

describe("a file that is written whole or not at all", () => {
  it("leaves what stood there, and nothing besides, when its pieces fail", () => {
    const { stateFolder } = fakeContext();
    const file = join(stateFolder, "deep", "file");
    writeFileAtomic(file, ["one ", "two"]);
    const failing = function* () {
      yield "three";
      throw new VectorError("E_JOURNAL_DAMAGED", "Broken.");
    };
    expect(() => writeFileAtomic(file, failing())).toThrow("Broken.");
    expect(readFileSync(file, "utf8")).toBe("one two");
    expect(readdirSync(join(stateFolder, "deep"))).toEqual(["file"]);
  });

  it("says which file cannot be written", () => {
    const { stateFolder } = fakeContext();
    writeFileAtomic(join(stateFolder, "file"), [""]);
    expect(() => writeFileAtomic(join(stateFolder, "file", "below"), [""])).toThrow(
      expect.objectContaining({ code: "E_CONFIG" }),
    );
  });
});
