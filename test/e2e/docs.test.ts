/** Everything that the pages say is done, in its order: each page in a folder of its own, by the command as built; several pages at once. */
import { execFile } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { chromaAvailable } from "../support/chroma-server.ts";
import { temporaryFolder } from "../support/cli.ts";
import { DocScene, type Done, needsChroma } from "../support/doc-scene.ts";
import { elsewhere, ranElsewhere, settings } from "../support/doc-settings.ts";
import { type Code, type Step, stepsOf, userPages } from "../support/doc-steps.ts";
import { projectRoot, readProjectFile } from "../support/files.ts";
import { programFile } from "../support/programs.ts";

// A page waits much of its time: for a server that starts, for a process that ends, for the second look of a doctor.
vi.setConfig({ maxConcurrency: 4 });

const run = promisify(execFile);
const python = process.env["FRAMEWORKS_PYTHON"] ?? "";
const noChroma = chromaAvailable("1.5.9", true);

function isDoneHere(page: string, step: Step): boolean {
  if (step.kind === "typed") return !Object.hasOwn(elsewhere, step.text);
  if (step.language === "text") return false;
  return !Object.hasOwn(ranElsewhere, `${page} ${step.language}`);
}

const pages = userPages()
  .map((page) => ({ page, steps: stepsOf(readProjectFile(page)) }))
  .filter(({ page, steps }) => steps.some((step) => isDoneHere(page, step)));

/** The program of a block with what stands around it. */
function wrapped(page: string, code: Code, at: number): string {
  const [before, after = ""] = settings[page]?.code?.[at] ?? [""];
  return `${before}\n${code.code}\n${after}\n`;
}

/** Does what can be done with a block in its language; numbers of blocks count from 0 in JavaScript, from 1 in Python. */
async function doCode(scene: DocScene, page: string, step: Code, numbers: Numbers): Promise<void> {
  const { language, code, prints } = step;
  if (language === "yaml") expect(parse(code)).toBeTypeOf("object");
  else if (language === "json") {
    for (const line of code.trim().split("\n")) JSON.parse(line);
    scene.keep("block.json", code);
  } else if (language === "python") {
    if (python === "") return;
    numbers.python += 1;
    await prepare(scene, page, `python ${numbers.python}`);
    ended(code, await scene.runCode([python, "block.py"], "block.py", code), prints);
  } else {
    const program = wrapped(page, step, numbers.programs);
    numbers.programs += 1;
    const file = `block-${numbers.programs}.m${language}`;
    const words = language === "ts" ? programFile(file) : [file];
    ended(code, await scene.runCode([process.execPath, ...words], file, program), prints);
  }
}

interface Numbers {
  programs: number;
  python: number;
}

/** Types what is to be typed before a line or a block. */
async function prepare(scene: DocScene, page: string, line: string): Promise<void> {
  for (const text of settings[page]?.first?.[line] ?? []) ended(text, await scene.type(text));
}

function ended(what: string, { status, stdout, stderr }: Done, prints: string | null = null): void {
  if (status !== 0) expect.fail(`${what}\nended with ${status}:\n${stdout}${stderr}`);
  if (prints !== null) expect(stdout).toBe(prints);
}

describe("what is TypeScript there", () => {
  it("has the types that the package has", { concurrent: true }, async () => {
    using folder = temporaryFolder();
    symlinkSync(join(projectRoot, "node_modules"), join(folder.path, "node_modules"));
    let written = 0;
    for (const { page, steps } of pages) {
      const programs = steps.filter((one) => one.kind === "code" && /^[jt]s$/.test(one.language));
      for (const [at, code] of programs.entries()) {
        if (code.kind !== "code" || code.language !== "ts") continue;
        const name = `${page.replaceAll(/\W/g, "-")}-${at}.mts`;
        writeFileSync(join(folder.path, name), wrapped(page, code, at));
        written += 1;
      }
    }
    expect(written).toBeGreaterThan(14);
    const dist = (path: string): string[] => [join(projectRoot, "dist", path)];
    const paths = { vecferry: dist("index.d.ts"), "vecferry/testing": dist("testing/index.d.ts") };
    const compilerOptions = { noEmit: true, noUnusedLocals: false, paths, types: ["node"] };
    const config = { extends: join(projectRoot, "tsconfig.json"), compilerOptions, include: ["*"] };
    writeFileSync(join(folder.path, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(projectRoot, "node_modules/.bin/tsc");
    const checked = await run(tsc, ["-p", folder.path]).catch(({ stdout }) => expect.fail(stdout));
    expect(checked.stdout).toBe("");
  });
});

describe.skipIf(process.platform === "win32")("what stands there is done", () => {
  const skips = (markdown: string): boolean => noChroma !== null && needsChroma(markdown);
  for (const { page, steps } of pages) {
    const markdown = readProjectFile(page);
    const why = skips(markdown) ? ` (skipped: ${noChroma})` : "";
    it.skipIf(skips(markdown))(
      `${page}${why}`,
      { concurrent: true, timeout: 600_000 },
      async () => {
        const { before = [], anew = [], ends = {}, chroma } = settings[page] ?? {};
        await using scene = await DocScene.open(markdown, chroma);
        for (const text of before) ended(text, await scene.type(text));
        const numbers = { programs: 0, python: 0 };
        for (const step of steps.filter((one) => isDoneHere(page, one))) {
          if (step.kind === "code") {
            await doCode(scene, page, step, numbers);
            continue;
          }
          if (anew.includes(step.text)) await scene.empty();
          await prepare(scene, page, step.text);
          const done = await scene.type(step.text);
          const [exit = 0] = ends[step.text] ?? [];
          ended(step.text, { ...done, status: done.status === exit ? 0 : done.status });
        }
      },
    );
  }
});
