/** The compose files of an installation: which services they name, and which of our variables those are given. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { errorCode } from "../../util/error-code.ts";

/** What a service is, as its image tells; `other` = neither, and none of our variables is given to it. */
export type ServiceRole = "chroma" | "qdrant" | "application" | "other";

export interface ComposeService {
  readonly name: string;
  readonly image: string | null;
  readonly role: ServiceRole;
  /** Those of the variables that are looked for, as the file spells their values. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface ComposeFile {
  /** Its name in the folder. */
  readonly file: string;
  readonly services: readonly ComposeService[];
  /** Why it could not be read; null = it was. */
  readonly fault: string | null;
}

const fileName = /^[\w.-]*compose[\w.-]*\.ya?ml$/;
const filesMax = 20;
const bytesMax = 1024 * 1024;

/** The compose files that stand in a folder, by their names; `names` are the variables that are looked for. */
export function readComposeFiles(folder: string, names: ReadonlySet<string>): ComposeFile[] {
  const files = namesIn(folder).filter((name) => fileName.test(name));
  return files.slice(0, filesMax).map((file) => readOne(folder, file, names));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function readOne(folder: string, file: string, names: ReadonlySet<string>): ComposeFile {
  try {
    const whole = path.join(folder, file);
    if (statSync(whole).size > bytesMax)
      return { file, services: [], fault: "It has more than a MiB." };
    return { file, services: parseServices(readFileSync(whole, "utf8"), names), fault: null };
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return { file, services: [], fault: `It cannot be read (${String(code)}).` };
  }
}

/** A line of YAML that is neither empty nor a comment. */
interface Line {
  readonly indent: number;
  /** Without its comment. */
  readonly text: string;
}

/**
 * The services of a compose file in YAML's block style, as people write it (docs.docker.com/reference/compose-file): the keys below
 * `services`, and of each its `image` and its `environment`, a map or a list. Flow style, anchors and merges are not followed.
 */
export function parseServices(text: string, names: ReadonlySet<string>): ComposeService[] {
  const services = below(linesOf(text), "services");
  return blocks(services).map(([name, lines]) => {
    const image = wordAt(lines, "image");
    const variables = Object.fromEntries(
      below(lines, "environment").flatMap(({ text }) => variableOf(text, names)),
    );
    return { name, image, variables, role: roleOf(image, variables) };
  });
}

function linesOf(text: string): Line[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const bare = line.replace(/(^|\s)#.*$/, "").trimEnd();
    const indent = bare.length - bare.trimStart().length;
    return bare === "" ? [] : [{ indent, text: bare.slice(indent) }];
  });
}

/** The lines below the key `name` at the outermost indentation of `lines`. */
function below(lines: readonly Line[], name: string): Line[] {
  return blocks(lines).find(([key]) => key === name)?.[1] ?? [];
}

/** Keys at the outermost indentation, each with the lines below it. */
function blocks(lines: readonly Line[]): [key: string, lines: Line[]][] {
  const outermost = Math.min(...lines.map(({ indent }) => indent));
  const found: [string, Line[]][] = [];
  for (const line of lines) {
    const key =
      line.indent === outermost ? /^("?)([^":\s]+)\1:(\s|$)/.exec(line.text)?.[2] : undefined;
    if (key !== undefined) found.push([key, []]);
    else found.at(-1)?.[1].push(line);
  }
  return found;
}

function wordAt(lines: readonly Line[], name: string): string | null {
  const outermost = Math.min(...lines.map(({ indent }) => indent));
  const own = lines.find(({ indent, text }) => indent === outermost && text.startsWith(`${name}:`));
  return own === undefined ? null : unquoted(own.text.slice(name.length + 1));
}

/** `NAME: value` or `- NAME=value`, where it is one that is looked for. */
function variableOf(text: string, names: ReadonlySet<string>): [string, string][] {
  const item = unquoted(text.replace(/^-\s+/, ""));
  const [, name, value = ""] = /^([A-Z][A-Z0-9_]*)\s*(?:=|:(?:\s|$))(.*)$/.exec(item) ?? [];
  if (name === undefined || !names.has(name)) return [];
  return [[name, unquoted(value)]];
}

function unquoted(text: string): string {
  const trimmed = text.trim();
  return /^(["']).*\1$/.test(trimmed) ? trimmed.slice(1, -1) : trimmed;
}

function roleOf(image: string | null, variables: Readonly<Record<string, string>>): ServiceRole {
  if (image !== null && /(^|\/)chroma(db)?([:@]|$)/.test(image)) return "chroma";
  if (image !== null && /(^|\/)qdrant([:@]|$)/.test(image)) return "qdrant";
  return Object.keys(variables).length > 0 ? "application" : "other";
}
