/** The environment, with `.env` behind it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { VectorError } from "../errors.ts";
import { errorCode } from "./error-code.ts";

export interface Variable {
  readonly text: string;
  readonly from: "environment" | ".env";
}

/** Looks a variable up: the process's environment first, then `.env`. An empty one counts as unset. */
export type Environment = (name: string) => Variable | undefined;

/** Reads `.env` in `folder` where there is one; nothing of it enters the process's own environment. @throws E_CONFIG where it cannot be read */
export function readEnvironment(
  variables: Readonly<Record<string, string | undefined>>,
  folder: string,
): Environment {
  const file = readDotEnv(join(folder, ".env"));
  return (name) => {
    const own = variables[name];
    if (own) return { text: own, from: "environment" };
    const text = file[name];
    return text ? { text, from: ".env" } : undefined;
  };
}

function readDotEnv(path: string): Readonly<Record<string, string | undefined>> {
  try {
    return parseEnv(readFileSync(path, "utf8"));
  } catch (error) {
    // A folder of that name is a Python habit, and none of ours.
    const code = errorCode(error);
    if (code === "ENOENT" || code === "EISDIR") return {};
    throw new VectorError("E_CONFIG", `The file .env cannot be read (${String(code)}).`, {
      cause: error,
    });
  }
}
