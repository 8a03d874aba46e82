/** Where one file uses Chroma: lines, what is used there, and what takes its place. Values are never told: they may be keys. */
import { chromaVariable, variableInstead } from "../../model/chroma-variables.ts";
import { withoutComments } from "./comments.ts";
import type { CodeFile } from "./files.ts";
import {
  chromaImage,
  codeUses,
  dependencyInstead,
  type Language,
  serviceInstead,
  type UseKind,
} from "./kinds.ts";

export interface ChromaUse {
  readonly kind: UseKind;
  /** The file's path below the folder that was looked through. */
  readonly file: string;
  /** From 1 on. */
  readonly line: number;
  /** The name, or the words, by which it was told. */
  readonly found: string;
  readonly instead: string;
}

/** Of each kind one on a line at most. */
export function usesIn({ path, kind, text }: CodeFile): ChromaUse[] {
  if (text === null) return [];
  switch (kind) {
    case "python":
    case "javascript":
      return inCode(path, text, kind);
    case "package":
      return inPackage(path, text);
    case "requirements":
      return [...inRequirements(path, text), ...inSettings(path, text)];
    default:
      return inSettings(path, text);
  }
}

function inCode(file: string, text: string, language: Language): ChromaUse[] {
  const code = withoutComments(text, language);
  const lines = code.split("\n");
  const uses = codeUses[language];
  const isChromas = uses.some(
    ({ own, pattern }) => own && lines.some((line) => pattern.test(line)),
  );
  return lines.flatMap((line, at) => {
    const found: ChromaUse[] = [];
    for (const { kind, own, pattern, instead } of uses) {
      if ((!own && !isChromas) || found.some((one) => one.kind === kind)) continue;
      const [words] = pattern.exec(line) ?? [];
      if (words !== undefined)
        found.push({ kind, file, line: at + 1, found: short(words), instead });
    }
    return [...found, ...variablesOf(file, line, at + 1)];
  });
}

/** Dependencies of a package.json, of whatever sort, each where its name stands. */
function inPackage(file: string, text: string): ChromaUse[] {
  const names = /"((?:@[\w.-]+\/)?[\w.-]+)"\s*:\s*"[^"]*"/;
  let section = "";
  return text.split("\n").flatMap((line, at) => {
    section = /"(\w+)"\s*:\s*\{/.exec(line)?.[1] ?? section;
    const all = [...line.matchAll(new RegExp(names, "g"))].map(([, name = ""]) => name);
    if (!/[dD]ependencies$/.test(section)) return [];
    return all.flatMap((name) => dependency(file, at + 1, name));
  });
}

/** A package at the beginning of a line or of a text in quotes, before a version, an extra or a marker. */
function inRequirements(file: string, text: string): ChromaUse[] {
  const names = /(?:^|["'])\s*(?:-\s+)?([A-Za-z][\w.-]*)\s*(?=$|[=<>~!;,[\]@"'#\s])/g;
  return withoutHash(text).flatMap((line, at) => {
    const [first] = [...line.matchAll(names)].flatMap(([, name = ""]) =>
      dependency(file, at + 1, name),
    );
    return first === undefined ? [] : [first];
  });
}

function dependency(file: string, line: number, name: string): ChromaUse[] {
  const instead = dependencyInstead(name);
  return instead === null ? [] : [{ kind: "dependency", file, line, found: name, instead }];
}

/** Compose files, manifests, Dockerfiles and `.env`s: images and the names of variables. */
function inSettings(file: string, text: string): ChromaUse[] {
  return withoutHash(text).flatMap((line, at) => {
    const [, image] = chromaImage.exec(line) ?? [];
    const [, installed] = /\bpip3?\s+install\b.*?\b(chromadb(?:-client)?)\b/.exec(line) ?? [];
    return [
      ...(image === undefined
        ? []
        : [
            { kind: "service" as const, file, line: at + 1, found: image, instead: serviceInstead },
          ]),
      ...(installed === undefined ? [] : dependency(file, at + 1, installed)),
      ...variablesOf(file, line, at + 1),
    ];
  });
}

function variablesOf(file: string, text: string, line: number): ChromaUse[] {
  const [choice] = /\bVECTOR_DB_TYPE\b["']?\s*[:=]\s*["']?chroma(?:db)?\b/i.exec(text) ?? [];
  const names = new Set([...text.matchAll(new RegExp(chromaVariable, "g"))].map(([name]) => name));
  const uses = [...names].map((found) => {
    const other = variableInstead(found);
    const instead = other ?? `nothing: ${found} goes with Chroma`;
    return { kind: "variable" as const, file, line, found, instead };
  });
  if (choice === undefined) return uses;
  const instead = "VECTOR_DB_TYPE=qdrant";
  return [...uses, { kind: "variable", file, line, found: "VECTOR_DB_TYPE", instead }];
}

function withoutHash(text: string): string[] {
  return text.split("\n").map((line) => line.replace(/(^|\s)#.*$/, "").trimEnd());
}

function short(words: string): string {
  return words.trim().replaceAll(/\s+/g, " ").slice(0, 80);
}
