/** docs/from-the-guides.md: every name in its middle column exists. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { beforeAll, describe, expect, it } from "vitest";
import { buildProgram } from "../../src/cli/run.ts";
import { parseAddress } from "../../src/store/address.ts";
import { projectFiles, readProjectFile, sourcesBelow } from "../support/files.ts";

const root = resolve(import.meta.dirname, "../..");
const page = readProjectFile("docs/from-the-guides.md");
const code = [...sourcesBelow("src")].map(([, text]) => text).join("\n");

/** What stands in backticks in the middle column of the page's tables. */
function namesIn(markdown: string): string[] {
  const cells = markdown
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| There "))
    .map((line) => line.split(" | ")[1] ?? "");
  return [
    ...new Set(
      cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name)),
    ),
  ];
}

const typeName = /^[A-Za-z]\w*(\.\w+)*$/;
/** A variable, or a metric: both are texts in the code. */
const textName = /^([A-Z][A-Z0-9]*(_[A-Z0-9]+)+|vector_[a-z_]+)$/;

/** Those of the names that nothing bears. */
async function missing(names: readonly string[]): Promise<string[]> {
  const types = names.filter((name) => typeName.test(name) && !textName.test(name));
  const others = names.filter((name) => !types.includes(name));
  const program = await buildProgram(() => Promise.resolve());
  const exists = (name: string): boolean => {
    if (textName.test(name)) return new RegExp(`["'.\\s]${name}\\b`).test(code);
    if (name.startsWith("vecferry ")) return isCommand(program, name);
    if (name.startsWith("npm run ")) return isScript(name.slice("npm run ".length));
    if (name.includes(":")) return parseAddress(name).kind.length > 0;
    return projectFiles().includes(name);
  };
  return [...others.filter((name) => !exists(name)), ...missingTypes(types)];
}

function isCommand(program: Awaited<ReturnType<typeof buildProgram>>, text: string): boolean {
  const [, verb, ...words] = text.split(" ");
  const whole = program.commands.find((one) => one.name() === verb);
  // A verb may be several.
  const part = whole?.commands.find((one) => one.name() === words[0]);
  const [command, flags] = part === undefined ? [whole, words] : [part, words.slice(1)];
  const known = command?.options.map(({ long }) => long) ?? [];
  return command !== undefined && flags.every((flag) => known.includes(flag));
}

function isScript(name: string): boolean {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(
    readProjectFile("package.json"),
  );
  return Object.hasOwn(scripts, name);
}

const entries = ["src/index.ts", "src/testing/index.ts"].map((path) => join(root, path));

/** Those of the exported names and their members that the type checker does not know: a line a name, a file an entry. */
function missingTypes(names: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "vecferry-names-"));
  try {
    const files = entries.map((entry, which) => {
      const lines = names.map((name, at) => lineOf(name, at, JSON.stringify(entry)));
      writeFileSync(join(folder, `entry${which}.ts`), lines.join("\n"));
      return `entry${which}.ts`;
    });
    const typeRoots = [join(root, "node_modules/@types")];
    const config = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: {
        noEmit: true,
        allowImportingTsExtensions: true,
        rewriteRelativeImportExtensions: false,
        types: ["node"],
        typeRoots,
      },
      files,
      include: [],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const { stdout } = spawnSync(process.execPath, [tsc, "-p", folder, "--pretty", "false"], {
      cwd: folder,
      encoding: "utf8",
    });
    const faulty = new Set([...stdout.matchAll(/entry(\d+\.ts\(\d+),/g)].map(([, at]) => at));
    if (faulty.size === 0) throw new Error(`the second entry has every name: ${stdout}`);
    return names.filter((_, at) =>
      entries.every((_, which) => faulty.has(`${which}.ts(${at + 1}`)),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function lineOf(name: string, at: number, entry: string): string {
  const [first = "", ...members] = name.split(".");
  if (members.length === 0) return `export type { ${first} as E${at} } from ${entry};`;
  const type = members.reduce(
    (of, key) => `NonNullable<${of}>["${key}"]`,
    `import(${entry}).${first}`,
  );
  return `export type E${at} = ${type};`;
}

const made = [
  "VectorDocument.contents",
  "VectorDocumnt",
  "VectorService.addDocument",
  "VECTOR_DB_KIND",
  "vector_search_requests",
  "vecferry migrate --chromadb-hots",
  "vecferry migrat",
  "vecferry snapshot creat",
  "npm run demos",
  "deploy/dashboard.json",
];

describe("docs/from-the-guides.md", () => {
  const names = namesIn(page);
  let told: readonly string[] = [];

  // Once for both tests: the type checker reads the whole project.
  beforeAll(async () => {
    told = await missing([...names, ...made]);
  }, 180_000);

  it("names nothing that does not exist", () => {
    expect(names.length).toBeGreaterThan(150);
    expect(told.filter((name) => !made.includes(name))).toEqual([]);
  });

  it("would be seen to name what does not exist", () => {
    const table = made.map((name) => `| left | \`${name}\` | |`).join("\n");
    expect(namesIn(table)).toEqual(made);
    expect(told.filter((name) => made.includes(name)).sort()).toEqual([...made].sort());
  });
});
