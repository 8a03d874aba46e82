/** The blocks of code in a page of docs, run as they stand there, one after another in one folder. */
import { execFile } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { temporaryFolder } from "./cli.ts";
import { projectRoot } from "./files.ts";

export interface Block {
  readonly section: string;
  readonly language: string;
  readonly code: string;
  /** What the comments at its end say that it prints. */
  readonly prints: string;
}

/** The package's modules as `npm run build` makes them. */
const own: Readonly<Record<string, string>> = {
  vecferry: "dist/index.js",
  "vecferry/testing": "dist/testing/index.js",
};

/** What runs a test in TypeScript lowers `await using`; Node itself knows it from 24 on. */
export const isOldNode = Number.parseInt(process.versions.node, 10) < 24;

/** Blocks that end in comments, in their order; and how many blocks of code the page has in all. */
export function blocksOf(path: string): { blocks: Block[]; count: number } {
  const page = readFileSync(join(projectRoot, path), "utf8");
  const blocks = page.split(/^## /m).flatMap((part) =>
    [...part.matchAll(/^```(\w+)\n([\s\S]*?)((?:^(?:\/\/|#) .*\n)+)```/gm)].map(
      ([, language = "", code = "", comments = ""]) => ({
        section: part.slice(0, part.indexOf("\n")),
        language,
        code,
        prints: comments.replaceAll(/^(?:\/\/|#) /gm, ""),
      }),
    ),
  );
  return { blocks, count: page.match(/^```\w+$/gm)?.length ?? 0 };
}

/** One folder for the page: a block finds what the one before it has left. */
export class PageFolder implements Disposable {
  readonly #folder = temporaryFolder();

  constructor() {
    symlinkSync(join(projectRoot, "node_modules"), join(this.path, "node_modules"));
  }

  get path(): string {
    return this.#folder.path;
  }

  /** What a program prints, run with this code in a file of this name. */
  async run(program: string, file: string, code: string, env: NodeJS.ProcessEnv = {}) {
    const path = join(this.path, file);
    writeFileSync(path, code);
    const options = { cwd: this.path, env: { ...process.env, ...env } };
    return (await promisify(execFile)(program, [path], options)).stdout;
  }

  /** What a block in JavaScript or TypeScript prints. */
  runNode({ language, code }: Block, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const resolved = code.replaceAll(/from "(vecferry(?:\/\w+)?)"/g, (_, name: string) => {
      const url = pathToFileURL(join(projectRoot, own[name] ?? ""));
      return `from ${JSON.stringify(url)}`;
    });
    return this.run(process.execPath, `block.m${language}`, resolved, env);
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
