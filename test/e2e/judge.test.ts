import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { runCli, startCli, temporaryFolder } from "../support/cli.ts";
import { projectRoot } from "../support/files.ts";
import { type Answers, judge, type Qdrant, readAnswers } from "../support/judge.ts";

// Reading and writing are judged by none of our code: recorded folders go through the built command, and what stands at
// the target is read by plain HTTP and compared with what the Chroma that wrote the folder answered.

interface Recorded {
  readonly version: string;
  readonly archive: string;
  /** Path of the folder in the archive. */
  readonly inside: string;
  readonly answers: (unpacked: string) => string;
}

const fixtures = join(projectRoot, "test/fixtures/chroma");
const shared = resolve(projectRoot, "../shared/data/chroma-dirs");
/** The larger folders name their collections in short in their answers. */
const shortNames: Record<string, string> = {
  l2: "l2col",
  cos: "coscol",
  ip: "ipcol",
  empty: "emptycol",
  null: "nullmeta",
};

const small: Recorded[] = ["0.4.24", "0.5.23", "0.6.3", "1.0.20", "1.5.9"].map((version) => ({
  version,
  archive: join(fixtures, version, "folder.tar.gz"),
  inside: ".",
  answers: () => gunzipSync(readFileSync(join(fixtures, version, "answers.json.gz"))).toString(),
}));
const large: Recorded[] = (existsSync(shared) ? readdirSync(shared) : []).map((file) => {
  const version = file.replace(/\.tar\.gz$/, "");
  return {
    version: `${version}, larger`,
    archive: join(shared, file),
    inside: `${version}/folder`,
    answers: (unpacked) => readFileSync(join(unpacked, version, "answers.json"), "utf8"),
  };
});

/** The answers by tenant and database, each collection by its full name. */
function byPlace(answers: Map<string, Answers>): Map<string, Map<string, Answers>> {
  const places = new Map<string, Map<string, Answers>>();
  for (const [key, answer] of answers) {
    const [first = "", database = "default_database", name] = key.split("/");
    const place =
      name === undefined
        ? "tenant=default_tenant&database=default_database"
        : `tenant=${first}&database=${database}`;
    const full = name ?? shortNames[first] ?? first;
    places.set(place, (places.get(place) ?? new Map()).set(full, answer));
  }
  return places;
}

async function distanceOf(qdrant: Qdrant, collection: string): Promise<string | null> {
  const response = await fetch(`${qdrant.url}/collections/${collection}`, {
    headers: qdrant.headers ?? {},
  });
  if (response.status === 404) return null;
  const body = (await response.json()) as {
    result: { config: { params: { vectors: { distance: string } } } };
  };
  return body.result.config.params.vectors.distance;
}

/** Ids that a server answered without a usable vector: some of them may stand in quarantine, no others. */
function unusable({ ids, embeddings }: Answers): string[] {
  if (embeddings.length !== ids.length) return ids;
  return ids.filter(
    (_, row) =>
      embeddings[row]?.every((component) =>
        Number.isFinite(Math.fround(component ?? Number.NaN)),
      ) !== true,
  );
}

function quarantineOf(folder: string): { collection: string; id: string }[] {
  const runs = readdirSync(join(folder, ".vecferry"), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  return runs.flatMap(({ name }) => {
    const file = join(folder, ".vecferry", name, "quarantine.jsonl");
    if (!existsSync(file)) return [];
    return readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  });
}

async function judgeAll(
  qdrant: Qdrant,
  expected: Map<string, Answers>,
  folder: string,
  prefix: string,
): Promise<number> {
  const quarantine = quarantineOf(folder);
  let components = 0;
  for (const [name, answer] of expected) {
    const distance = await distanceOf(qdrant, prefix + name);
    if (distance === null) {
      expect(answer.ids, `${name} was not made`).toEqual([]);
      continue;
    }
    const quarantined = quarantine
      .filter(({ collection }) => collection === name)
      .map(({ id }) => id);
    const verdict = await judge(qdrant, prefix + name, answer, { cosine: distance === "Cosine" });
    expect(verdict.faults, name).toEqual([]);
    expect(verdict.extra, name).toEqual([]);
    expect(verdict.missing.sort(), name).toEqual(quarantined.sort());
    expect(unusable(answer), name).toEqual(expect.arrayContaining(verdict.missing));
    components += verdict.components;
  }
  return components;
}

function unpacked(
  recorded: Recorded,
  path: string,
): { folder: string; answers: Map<string, Answers> } {
  execFileSync("tar", ["-xzf", recorded.archive, "-C", path]);
  return { folder: join(path, recorded.inside), answers: readAnswers(recorded.answers(path)) };
}

describe.each([...small, ...large])(
  "a folder of Chroma $version, carried by the command",
  (recorded) => {
    it("stands in embedded Qdrant as its own server answered it", {
      timeout: 120_000,
    }, async () => {
      using source = temporaryFolder();
      const { folder, answers } = unpacked(recorded, source.path);
      for (const [place, expected] of byPlace(answers)) {
        using work = temporaryFolder();
        const migrated = await runCli(["migrate", `${folder}?${place}`, "embedded:./q"], {
          cwd: work.path,
        });
        expect([0, 3], migrated.stderr).toContain(migrated.status);
        const server = startCli(["serve", "./q", "--port", "0"], { cwd: work.path });
        try {
          const [url = ""] = await server.until(/http:\/\/127\.0\.0\.1:\d+/);
          expect(await judgeAll({ url }, expected, work.path, "")).toBeGreaterThan(0);
        } finally {
          server.child.kill();
          await server.ended;
        }
      }
    });

    const url = process.env["QDRANT_URL"]?.replace(/\/$/, "");
    it.skipIf(url === undefined)(
      "stands in the Qdrant at QDRANT_URL as its own server answered it",
      { timeout: 240_000 },
      async () => {
        if (url === undefined) return;
        const key = process.env["QDRANT_API_KEY"];
        const qdrant: Qdrant = {
          url,
          ...(key === undefined ? {} : { headers: { "api-key": key } }),
        };
        using source = temporaryFolder();
        const { folder, answers } = unpacked(recorded, source.path);
        for (const [place, expected] of byPlace(answers)) {
          using work = temporaryFolder();
          const prefix = `judge-${crypto.randomUUID()}-`;
          const renames = [...expected.keys()].flatMap((name) => [
            "--rename",
            `${name}=${prefix}${name}`,
          ]);
          const env = key === undefined ? {} : { QDRANT_API_KEY: key };
          try {
            const migrated = await runCli(["migrate", `${folder}?${place}`, url, ...renames], {
              cwd: work.path,
              env,
            });
            expect([0, 3], migrated.stderr).toContain(migrated.status);
            expect(await judgeAll(qdrant, expected, work.path, prefix)).toBeGreaterThan(0);
          } finally {
            for (const name of expected.keys())
              await fetch(`${url}/collections/${prefix}${name}`, {
                method: "DELETE",
                headers: qdrant.headers ?? {},
              });
          }
        }
      },
    );
  },
);

describe("the larger recorded folders", () => {
  it.skipIf(large.length === 0)("are judged too (../shared/data/chroma-dirs)", () => {
    expect(large.map(({ version }) => version)).toContain("1.5.9, larger");
  });
});
