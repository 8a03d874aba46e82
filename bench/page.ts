/** `--write`: what a run printed stands in a page of docs/, between the marks of its bench. */
import { spawn } from "node:child_process";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const docs = path.join(import.meta.dirname, "../docs");
const main = path.join(import.meta.dirname, "main.ts");

/** Runs the bench of these arguments in a process of its own, shows what it prints, and puts it into its page when it ended well. */
export async function writeFigures(name: string, args: readonly string[]): Promise<void> {
  const page = pageOf(name);
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    process.stdout.write(text);
    printed += text;
  });
  const exit = await new Promise((resolve) => child.on("close", resolve));
  if (exit !== 0) throw new Error(`The bench ended with ${exit}: ${page} stays as it is.`);
  const figures = figuresOf(`npm run bench -- ${args.join(" ")}`, printed);
  writeFileSync(page, withFigures(readFileSync(page, "utf8"), name, figures));
}

/** The page that has the marks of a bench. */
export function pageOf(name: string): string {
  const [begin] = marksOf(name);
  const pages = globSync(path.join(docs, "*.md")).filter((page) =>
    readFileSync(page, "utf8").includes(begin),
  );
  const [page, other] = pages;
  if (page === undefined || other !== undefined)
    throw new Error(`${begin} stands in ${pages.length} pages of docs/, and belongs into one.`);
  return page;
}

/** The page's text with these figures in the place of the bench's old ones. */
export function withFigures(text: string, name: string, figures: string): string {
  const [begin, end] = marksOf(name);
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`There is no ${begin} … ${end} to write between.`);
  return `${text.slice(0, from + begin.length)}\n\n${figures}\n\n${text.slice(to)}`;
}

/** Between which lines of its page a bench's figures stand. */
export function marksOf(name: string): readonly [string, string] {
  return [`<!-- figures of ${name} -->`, `<!-- end of ${name} -->`];
}

/** The command, then what it printed: tables as they are, all else as it was spaced. */
export function figuresOf(command: string, printed: string): string {
  const parts = printed
    .trim()
    .split(/\n{2,}/)
    .map((part) => (part.startsWith("|") ? part : `\`\`\`text\n${part}\n\`\`\``));
  return [`\`${command}\`:`, ...parts].join("\n\n");
}
