/** `vecferry plan` and `migrate --plan` by the command as built. */
import { hash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type PlanFile, planFileSchema } from "../../src/migrate/planning/plan-schema.ts";
import { reportSchema } from "../../src/migrate/report-schema.ts";
import { runCli, temporaryFolder, unpackChroma } from "../support/cli.ts";
import { expectRefusal } from "../support/refusal.ts";

let chroma: ReturnType<typeof temporaryFolder>;
let source: string;
let folder: ReturnType<typeof temporaryFolder>;
let cwd: string;
beforeAll(() => {
  chroma = temporaryFolder();
  source = `${unpackChroma("1.5.9", chroma.path)}?tenant=default_tenant`;
});
afterAll(() => chroma[Symbol.dispose]());
beforeEach(() => {
  folder = temporaryFolder();
  cwd = folder.path;
  return () => folder[Symbol.dispose]();
});

const vecferry = (...args: string[]) => runCli(args, { cwd });

/** What stands in a folder: names, times and bytes. */
function digestFolder(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true }).map((entry) => {
    const file = join(entry.parentPath, entry.name);
    const bytes = entry.isFile() ? hash("sha256", readFileSync(file), "hex") : "";
    return `${file} ${statSync(file).mtimeMs} ${bytes}`;
  });
}

/** The plan in the last line of a run with --json. */
function planIn(stdout: string): PlanFile {
  const last: unknown = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  expect(last).toMatchObject({ format: 1, type: "plan" });
  return planFileSchema.parse(Object(last).plan);
}

describe("vecferry plan", () => {
  it("says what is there, writes the plan and a mapping to edit, and nothing at either end", async () => {
    const before = digestFolder(chroma.path);
    const files = ["--out", "plan.json", "--write-tenant-mapping", "tenants.json"];
    const { status, stdout, stderr } = await vecferry("plan", source, "embedded:./q", ...files);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(
      /squares -> squares \(\d+ × l2 \(by schema\), layout vecferry, [\d,]+ records\)/,
    );
    for (const word of ["documents", "metadata", "vectors", "embedding", "indexes"])
      expect(stdout).toContain(`      ${word}`);
    expect(stdout).toContain("Nothing was written at either end.");
    expect(readdirSync(cwd).toSorted()).toEqual(["plan.json", "tenants.json"]);
    expect(digestFolder(chroma.path)).toEqual(before);
    const plan = planFileSchema.parse(JSON.parse(readFileSync(join(cwd, "plan.json"), "utf8")));
    expect(plan.target).toMatchObject({ kind: "embedded" });
    if (process.platform !== "win32")
      expect(statSync(join(cwd, "plan.json")).mode & 0o777).toBe(0o600);

    const mapped = await vecferry(
      "plan",
      source,
      "embedded:./q",
      "--tenant-mapping",
      "tenants.json",
      "--json",
    );
    expect(mapped.status).toBe(0);
    const tenants = planIn(mapped.stdout).collections.map(({ source: { name }, target }) => [
      name,
      target.tenant,
    ]);
    expect(tenants.every(([name, tenant]) => name === tenant)).toBe(true);
    expect(existsSync(join(cwd, "q"))).toBe(false);
  });

  it("without a target is an inventory that needs no server", async () => {
    const { status, stdout } = await vecferry("plan", source, "--json");
    expect(status).toBe(0);
    expect(planIn(stdout)).toMatchObject({ target: null, run: null });
  });

  it("is what --dry-run prints, word for word", async () => {
    const words = async (...args: string[]) => {
      const { status, stdout } = await vecferry(
        ...args,
        source,
        "embedded:./q",
        "--layout",
        "flat",
      );
      expect(status).toBe(0);
      return stdout.replace(
        /about [\d:]+ \(reading [\d:]+, writing [\d:]+, verifying [\d:]+\)/,
        "",
      );
    };
    expect(await words("migrate", "--dry-run")).toBe(await words("plan"));
    expect(readdirSync(cwd)).toEqual([]);
  });

  it("writes a mapping over nothing, and says so before it reads", async () => {
    writeFileSync(join(cwd, "tenants.json"), "mine");
    const refused = await vecferry("plan", source, "--write-tenant-mapping", "tenants.json");
    expectRefusal(refused, {
      exit: 2,
      code: "E_CONFIG",
      says: "writes over nothing",
      remedy: "another path",
    });
    expect(readFileSync(join(cwd, "tenants.json"), "utf8")).toBe("mine");
  });

  it("refuses --full beside --sample, and a folder that is not there", async () => {
    const both = await vecferry("plan", source, "--full", "--sample", "5");
    expectRefusal(both, { exit: 2, code: "E_USAGE", says: "--sample", remedy: "one of the two" });
    const nowhere = await vecferry("plan", source, "--out", "no/plan.json");
    expectRefusal(nowhere, { exit: 2, code: "E_CONFIG", says: "--out", remedy: /./ });
  });
});

describe("vecferry migrate --plan", () => {
  it("does exactly the plan, with no end named again, and goes on by the same command", async () => {
    const shape = ["--layout", "flat", "--include", "squares", "--rename", "squares=cubes"];
    const made = await vecferry("plan", source, "embedded:./q", "--out", "plan.json", ...shape);
    expect(made).toMatchObject({ status: 0, stderr: "" });
    const report = async (...flags: string[]) => {
      const args = ["migrate", "--plan", "plan.json", "--report-file", "r.json", ...flags];
      expect(await vecferry(...args)).toMatchObject({ status: 0, stderr: "" });
      return reportSchema.parse(JSON.parse(readFileSync(join(cwd, "r.json"), "utf8")));
    };
    const first = await report("--batch-size", "10");
    expect(
      first.collections.map(({ target, layout, batchSize }) => [target, layout, batchSize]),
    ).toEqual([["cubes", "flat", 10]]);
    expect(first.state).toBe("VERIFIED");
    expect((await report()).totals.carried).toBe(0);
    const dry = await vecferry("migrate", "--plan", "plan.json", "--dry-run", "--json");
    expect(planIn(dry.stdout).request.shape.renames).toEqual({ squares: "cubes" });
  });

  it("refuses a plan about the source alone, and a file that is not there", async () => {
    expect((await vecferry("plan", source, "--out", "plan.json")).status).toBe(0);
    const alone = await vecferry("migrate", "--plan", "plan.json");
    expectRefusal(alone, {
      exit: 2,
      code: "E_PLAN_FILE",
      says: "without a target",
      remedy: "TARGET",
    });
    const none = await vecferry("migrate", "--plan", "none.json");
    expectRefusal(none, { exit: 2, code: "E_PLAN_FILE", says: "ENOENT", remedy: "plan" });
  });
});

describe("a plan that cannot be done", () => {
  let place: ReturnType<typeof temporaryFolder>;
  let good: string;
  beforeAll(async () => {
    place = temporaryFolder();
    const args = ["plan", source, "embedded:./q", "--out", "plan.json"];
    expect((await runCli(args, { cwd: place.path })).status).toBe(0);
    good = readFileSync(join(place.path, "plan.json"), "utf8");
  });
  afterAll(() => place[Symbol.dispose]());

  /** Runs the plan, edited; sees that it is refused before anything is written. */
  async function refuse(
    text: string,
    more: readonly string[],
    code: string,
    says: string | RegExp,
  ) {
    writeFileSync(join(place.path, "edited.json"), text);
    const args = ["migrate", ...more, "--plan", "edited.json"];
    const refused = await runCli(args, { cwd: place.path });
    expectRefusal(refused, { exit: 2, code, says, remedy: /plan/ });
    expect(readdirSync(place.path).toSorted()).toEqual(["edited.json", "plan.json"]);
    if (code !== "E_PLAN_STALE") return;
    expect(refused.stderr).toContain("What was kept: nothing: no migration was begun here.");
    expect(refused.stderr).toMatch(/To go on: {6}vecferry plan \S+ \S+ --out FILE$/m);
  }

  it("because a flag that decides the result says something else", async () => {
    await refuse(good, ["--layout", "langchain"], "E_USAGE", "--layout");
  });

  it("because it is of another target", async () => {
    await refuse(good, [source, ":memory:"], "E_PLAN_STALE", "another target");
  });

  it.each<[string, (text: string) => string, string, string | RegExp]>([
    ["newer", (text) => text.replace('"format": 1', '"format": 9'), "E_PLAN_FILE", "format 9"],
    ["cut short", (text) => text.slice(0, 900), "E_PLAN_FILE", "not JSON"],
    [
      "edited into nonsense",
      (text) => text.replace('"limit": null', '"limit": "all"'),
      "E_PLAN_FILE",
      "request.scope.limit",
    ],
    [
      "in contradiction with itself",
      (text) => text.replace('"layout": "vecferry"', '"layout": "flat"'),
      "E_PLAN_FILE",
      /collections\[\d+\]\.target\.layout/,
    ],
    [
      "of a collection that is gone",
      (text) =>
        text.replace(/"key": "[0-9a-f-]{36}"/, '"key": "00000000-0000-4000-8000-000000000000"'),
      "E_PLAN_STALE",
      "any more",
    ],
    [
      "of a collection that has another dimension now",
      (text) =>
        text.replace(
          /"dimension": \d+,(\s+"distance": "\w+",\s+"distanceFrom")/,
          '"dimension": 999,$1',
        ),
      "E_PLAN_STALE",
      "its dimension is",
    ],
  ])("because it is %s", async (_, change, code, says) => {
    const edited = change(good);
    expect(edited).not.toBe(good);
    await refuse(edited, [], code, says);
  });
});
