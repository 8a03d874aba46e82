/** The tenant mapping file: one JSON object `{ "collection": "tenant" }` with comments that begin with # or //. */
import { readFileSync } from "node:fs";
import { VectorError } from "../errors.ts";
import { errorCode } from "../util/error-code.ts";

/** A token with the white space and the comments before it; the last alternative is whatever is no token of such a file. */
const tokenPattern = /((?:\s|#[^\n]*|\/\/[^\n]*)*)("(?:[^"\\\n]|\\.)*"|[{}:,]|[^\s{}:,"#]+|"|$)/gu;

interface Token {
  /** The token as it stands; empty at the end of the file. */
  readonly text: string;
  readonly line: number;
}

/** Reads and checks the file. @throws E_MAPPING naming the line, E_CONFIG where it cannot be read */
export function readMapping(path: string): Map<string, string> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = errorCode(error) ?? "?";
    throw new VectorError(
      "E_CONFIG",
      `The file of --tenant-mapping, ${path}, cannot be read (${code}).`,
      { cause: error },
    );
  }
  try {
    return parseMapping(new TextDecoder("utf-8", { fatal: true }).decode(bytes), path);
  } catch (error) {
    if (error instanceof VectorError) throw error;
    throw new VectorError("E_MAPPING", `${path} is not UTF-8 text.`, { cause: error });
  }
}

/** The mapping in `text`; `name` is what errors call the file. @throws E_MAPPING */
export function parseMapping(text: string, name: string): Map<string, string> {
  const tokens = tokenize(text);
  let at = 0;
  const peek = (): Token => tokens[at] ?? { text: "", line: 1 };
  const take = (): Token => {
    const token = peek();
    at += 1;
    return token;
  };
  const expect = (wanted: string): void => {
    const token = take();
    if (token.text !== wanted) throw notJson(name, token, `"${wanted}"`);
  };
  const mapping = new Map<string, string>();
  expect("{");
  if (peek().text === "}") {
    take();
  } else {
    do {
      const key = take();
      const collection = string(name, key, "a collection's name in quotes");
      expect(":");
      const value = take();
      const tenant = tenantOf(name, collection, value);
      if (mapping.has(collection)) {
        throw fault(name, key.line, `"${collection}" stands there twice`);
      }
      mapping.set(collection, tenant);
    } while (peek().text === "," && take());
    expect("}");
  }
  if (peek().text !== "") throw notJson(name, peek(), "the end of the file");
  return mapping;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (const [, before = "", token = ""] of text.matchAll(tokenPattern)) {
    line += before.split("\n").length - 1;
    tokens.push({ text: token, line });
    if (token === "") break;
  }
  return tokens;
}

function tenantOf(name: string, collection: string, value: Token): string {
  if (value.text === "null" || value.text === '""') {
    throw fault(name, value.line, `"${collection}" is mapped to nothing`);
  }
  return string(name, value, `the tenant of "${collection}" as text in quotes`);
}

/** A string token's value. */
function string(name: string, token: Token, wanted: string): string {
  if (!token.text.startsWith('"')) throw notJson(name, token, wanted);
  try {
    return String(JSON.parse(token.text));
  } catch (error) {
    throw fault(name, token.line, "holds a text that is not JSON's", error);
  }
}

function notJson(name: string, token: Token, wanted: string): VectorError {
  const found = token.text === "" ? "the end of the file" : token.text.slice(0, 40);
  return fault(name, token.line, `is no such JSON: ${wanted} should stand where ${found} does`);
}

function fault(name: string, line: number, what: string, cause?: unknown): VectorError {
  return new VectorError("E_MAPPING", `${name}, line ${line}: ${what}.`, {
    cause,
    details: { line },
  });
}
