/** Qdrant's payload paths: `a.b`, `tags[]`, `list[3].x`, `"a key"."with dots.in it"` (lib/segment/src/json_path). */
import { isObject } from "../../util/json.ts";
import { malformed, variant } from "../errors.ts";

/** A key; an index; null = every element of an array. */
export type PathStep = string | number | null;

const firstStep = /([\p{Alphabetic}\p{N}_-]+)|"([^"\\]*)"/uy;
const nextStep = /\.(?:([\p{Alphabetic}\p{N}_-]+)|"([^"\\]*)")|\[(\d+)\]|(\[\])/uy;

/** @throws E_INPUT where `text` is no path */
export function parsePath(text: string): PathStep[] {
  firstStep.lastIndex = 0;
  const first = firstStep.exec(text);
  if (first === null) throw malformed(`Invalid json path: '${text}'`);
  const steps: PathStep[] = [first[1] ?? first[2] ?? ""];
  let at = firstStep.lastIndex;
  while (at < text.length) {
    nextStep.lastIndex = at;
    const next = nextStep.exec(text);
    if (next === null) throw malformed(`Invalid json path: '${text}'`);
    const [, raw, quoted, index] = next;
    if (index !== undefined) steps.push(Number(index));
    else steps.push(raw ?? quoted ?? null);
    at = nextStep.lastIndex;
  }
  return steps;
}

/** Whether `text` is a path. */
export function isPath(text: string): boolean {
  return variant(() => parsePath(text)) !== null;
}

const bareKey = /^[\p{Alphabetic}\p{N}_-]+$/u;

/** A path as Qdrant writes it. */
export function pathText(path: readonly PathStep[]): string {
  return path
    .map((step, at) => {
      if (typeof step !== "string") return step === null ? "[]" : `[${step}]`;
      return `${at === 0 ? "" : "."}${bareKey.test(step) ? step : `"${step}"`}`;
    })
    .join("");
}

/** The values at `path`; none where it leads nowhere. */
export function valuesAt(value: unknown, path: readonly PathStep[], from = 0): unknown[] {
  const found: unknown[] = [];
  collect(value, path, from, found);
  return found;
}

function collect(value: unknown, path: readonly PathStep[], at: number, found: unknown[]): void {
  const step = path[at];
  if (step === undefined) {
    found.push(value);
    return;
  }
  if (typeof step === "string") {
    if (isObject(value) && Object.hasOwn(value, step)) collect(value[step], path, at + 1, found);
    return;
  }
  if (!Array.isArray(value)) return;
  if (step === null) for (const element of value) collect(element, path, at + 1, found);
  else if (step < value.length) collect(value[step], path, at + 1, found);
}
