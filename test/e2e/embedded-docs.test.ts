/** Each block of code in docs/embedded.md does what stands below it. */
import { execFile } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { startServer } from "../../src/testing/server.ts";
import { temporaryFolder } from "../support/cli.ts";
import { projectRoot } from "../support/files.ts";

const python = process.env["FRAMEWORKS_PYTHON"] ?? "";
const noPython = python === "" ? " (FRAMEWORKS_PYTHON is not set)" : "";

interface Block {
  readonly section: string;
  readonly language: string;
  readonly code: string;
  /** What the comments at its end say that it prints. */
  readonly prints: string;
}

const page = readFileSync(join(projectRoot, "docs/embedded.md"), "utf8");
const blocks: Block[] = page.split(/^## /m).flatMap((part) =>
  [...part.matchAll(/^```(\w+)\n([\s\S]*?)((?:^(?:\/\/|#) .*\n)+)```/gm)].map(
    ([, language = "", code = "", comments = ""]) => ({
      section: part.slice(0, part.indexOf("\n")),
      language,
      code,
      prints: comments.replaceAll(/^(?:\/\/|#) /gm, ""),
    }),
  ),
);

/** One folder for the page: a block finds what the one before it has left. */
const folder = temporaryFolder();
symlinkSync(join(projectRoot, "node_modules"), join(folder.path, "node_modules"));
afterAll(() => folder[Symbol.dispose]());

/** The package's modules as `npm run build` makes them. */
const own: Readonly<Record<string, string>> = {
  vecferry: "dist/index.js",
  "vecferry/testing": "dist/testing/index.js",
};
/** What runs a test in TypeScript lowers `await using`; Node itself knows it from 24 on. */
const isOld = Number.parseInt(process.versions.node, 10) < 24;

async function run(program: string, file: string, code: string, env: NodeJS.ProcessEnv = {}) {
  const path = join(folder.path, file);
  writeFileSync(path, code);
  const options = { cwd: folder.path, env: { ...process.env, ...env } };
  return (await promisify(execFile)(program, [path], options)).stdout;
}

function runNode({ language, code }: Block, env: NodeJS.ProcessEnv): Promise<string> {
  const resolved = code.replaceAll(/from "(vecferry(?:\/\w+)?)"/g, (_, name: string) => {
    const url = pathToFileURL(join(projectRoot, own[name] ?? ""));
    return `from ${JSON.stringify(url)}`;
  });
  return run(process.execPath, `block.m${language}`, resolved, env);
}

it("has code in every section that promises some", () => {
  expect(blocks.map(({ section, language }) => `${section}: ${language}`)).toEqual([
    "In process: js",
    "In process: js",
    "Over HTTP: python",
    "Over HTTP: js",
    "In tests: ts",
    "Snapshots: js",
    "Leaving for a real server: js",
  ]);
  expect(page.match(/^```\w+$/gm)).toHaveLength(blocks.length);
});

const inLanguage = (wanted: string): Block[] =>
  blocks.filter(({ language }) => language === wanted);

describe("as it stands in docs/embedded.md", () => {
  it.each(inLanguage("js"))("$section, in JavaScript", async (block) => {
    await using server = await startServer();
    expect(await runNode(block, { QDRANT_URL: server.url })).toBe(block.prints);
  });

  it.skipIf(isOld).each(inLanguage("ts"))(
    "$section, in TypeScript (from Node 24 on)",
    async (block) => {
      expect(await runNode(block, {})).toBe(block.prints);
    },
  );

  it.skipIf(python === "").each(inLanguage("python"))(
    `$section, in Python${noPython}`,
    async ({ code, prints }) => {
      await using server = await startServer({ path: join(folder.path, "data") });
      const there = code.replace("http://127.0.0.1:6333", server.url);
      expect(await run(python, "block.py", there)).toBe(prints);
    },
  );
});
