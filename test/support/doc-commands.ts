/** The command lines of vecferry in the pages: those that stand on lines of their own, and those within sentences. */
import { projectFiles, readProjectFile } from "./files.ts";

export interface DocCommand {
  readonly page: string;
  /** As it stands there, without `npx` and without what a shell does with it (`| tail`, `> file`, a comment). */
  readonly text: string;
  /** What the shell would hand to vecferry. */
  readonly args: readonly string[];
  /** Whether it stands on a line of its own, to be typed as it is. */
  readonly whole: boolean;
}

/** Of these pages; of all that are written for users where none is named. */
export function commandsOf(...pages: string[]): DocCommand[] {
  const chosen = pages.length > 0 ? pages : userPages();
  return chosen.flatMap((page) => commandsIn(page, readProjectFile(page)));
}

export function commandsIn(page: string, markdown: string): DocCommand[] {
  const lines = [...markdown.matchAll(/^ {4,}(?:npx )?vecferry (.*)$/gm)];
  const spans = [...markdown.matchAll(/`(?:npx )?vecferry ([^`]+)`/g)];
  const command = (text: string, whole: boolean): DocCommand => ({
    page,
    text,
    args: words(text),
    whole,
  });
  return [
    ...lines.map(([, text = ""]) => command(text.trim(), true)),
    ...spans.map(([, text = ""]) => command(text.replaceAll(/\s+/g, " "), false)),
  ];
}

/** docs/cli.md is made from the flags themselves. */
function userPages(): string[] {
  return projectFiles().filter(
    (path) =>
      path.endsWith(".md") && !path.startsWith("src/") && !/CHANGELOG|cli\.md$|adr\//.test(path),
  );
}

/** The words of a shell's line up to what the shell takes for itself, or up to a column of words about it. */
function words(line: string): string[] {
  const [typed = ""] = line.split(/ {3,}/);
  const found: string[] = [];
  for (const [word] of typed.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)) {
    if (/^([#|>;&]|2>)/.test(word)) break;
    found.push(word.replaceAll(/'([^']*)'|"([^"]*)"/g, "$1$2"));
  }
  return found;
}
