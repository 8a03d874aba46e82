/**
 * What a page has its reader do, in its order: what is typed (blocks that are indented, and whole commands within sentences), and
 * the blocks of code between fences, each of a language.
 */
import { projectFiles } from "./files.ts";

export interface Typed {
  readonly kind: "typed";
  /** As it stands there, without its comment; a loop with all of its lines. */
  readonly text: string;
}

export interface Code {
  readonly kind: "code";
  readonly language: string;
  readonly section: string;
  readonly code: string;
  /** What the comments at its end say that it prints; null = there are none. */
  readonly prints: string | null;
}

export type Step = Typed | Code;

/** Pages for users, by their path: all but the one that is made from the flags themselves. */
export function userPages(): string[] {
  return projectFiles().filter((path) =>
    /^(README|CONTRIBUTING|SECURITY)\.md$|^docs\/(?!cli\.md)[^/]+\.md$/.test(path),
  );
}

export function stepsOf(markdown: string): Step[] {
  const steps: Step[] = [];
  let section = "";
  let prose: string[] = [];
  const lines = markdown.replaceAll("\r\n", "\n").split("\n");
  const flush = (): void => {
    steps.push(...spansOf(prose.join("\n")));
    prose = [];
  };
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const fence = /^```(\w*)$/.exec(line);
    if (fence !== null) {
      flush();
      const end = lines.indexOf("```", at + 1);
      const code = `${lines.slice(at + 1, end).join("\n")}\n`;
      steps.push({ kind: "code", language: fence[1] ?? "", section, code, prints: printsOf(code) });
      at = end;
    } else if (isIndented(line) && (lines[at - 1] ?? "") === "") {
      flush();
      let end = at;
      while (isIndented(lines[end] ?? "")) end += 1;
      steps.push(...statementsOf(lines.slice(at, end)));
      at = end - 1;
    } else {
      section = /^##+ (.*)$/.exec(line)?.[1] ?? section;
      prose.push(line);
    }
  }
  flush();
  return steps;
}

const isIndented = (line: string): boolean => /^ {4,}\S/.test(line);

/** Lines as a shell takes them: a loop is one statement, a comment is none and part of none. */
function statementsOf(lines: readonly string[]): Typed[] {
  const script = lines.map((line) => line.slice(4)).join("\n");
  const found = script.match(/^for [\s\S]*?^done$|^[^#\n].*$/gm) ?? [];
  return found.map((text) => ({ kind: "typed", text: text.replace(/\s+# .*$/, "").trim() }));
}

/** A command within a sentence is to be typed where it begins with npx or names a place, and nothing in it stands for something else. */
function spansOf(prose: string): Typed[] {
  const found = [...prose.matchAll(/`((?:npx )?vecferry [^`]+)`/g)]
    .map(([, text = ""]) => text.replaceAll(/\s+/g, " "))
    .filter((text) => /^npx \S+ \S+ \S|\.\/|:\/\/|\$[A-Z]/.test(text))
    .filter((text) => {
      const plain = text.replace("chroma-cloud://TENANT/DATABASE", "").replaceAll(/\$[A-Z]+/g, "");
      return !/[A-Z]{3,}|…|\.\.\.|\|/.test(plain);
    });
  return [...new Set(found)].map((text) => ({ kind: "typed", text }));
}

function printsOf(code: string): string | null {
  const [comments] = /(?:^(?:\/\/|#) .*\n)+$/m.exec(code) ?? [];
  const isAtEnd = comments !== undefined && code.endsWith(comments);
  return isAtEnd ? comments.replaceAll(/^(?:\/\/|#) /gm, "") : null;
}
