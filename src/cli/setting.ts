/** Flags as data: one table says a flag's spelling, its variable, its help and what it takes; readers, help and docs follow from it. */
import { type Command, Option } from "commander";
import type { z } from "zod";
import { VectorError } from "../errors.ts";
import type { Environment } from "../util/environment.ts";

export interface Flag<Schema extends z.ZodType = z.ZodType> {
  /** As commander spells it: `--batch-size <rows>`, `--include <glob>`, `--names <name...>`, `--merge`. */
  readonly flag: string;
  readonly help: string;
  /** What is taken when the flag is not given. */
  readonly variable?: string;
  /** Checks what came (a text, a list of texts, or true) and gives what the verb uses. Its messages begin with "must". */
  readonly schema: Schema;
  /** May be given several times; a variable then holds one a line. */
  readonly repeat?: boolean;
  /** Never printed; as a flag it draws a warning. */
  readonly secret?: boolean;
}

export type FlagTable = Readonly<Record<string, Flag>>;

/** Where a value came from; later ones yield to earlier ones. */
const origins = ["flag", "environment", ".env"] as const;
export type Origin = (typeof origins)[number];

export type Values<Table extends FlagTable> = {
  readonly [Name in keyof Table]: z.output<Table[Name]["schema"]> | undefined;
};

export interface Settings<Table extends FlagTable> {
  readonly values: Values<Table>;
  readonly origins: { readonly [Name in keyof Table]?: Origin };
}

/** How far a value is from the command line: smaller goes before larger. */
export function originRank(origin: Origin | undefined): number {
  return origin === undefined ? origins.length : origins.indexOf(origin);
}

/** Puts a table's flags into a command's help under `title`. */
export function addFlags(command: Command, title: string, table: FlagTable): Command {
  for (const entry of Object.values(table)) command.addOption(toOption(entry).helpGroup(title));
  return command;
}

/**
 * Takes each flag of `table` from `given` (what commander parsed), else its variable, and checks it.
 * @throws E_CONFIG naming the flag or the variable; the value too, unless it is a secret
 */
export function readSettings<Table extends FlagTable>(
  table: Table,
  given: Readonly<Record<string, unknown>>,
  environment: Environment,
): Settings<Table> {
  const values: Record<string, unknown> = {};
  const found: Record<string, Origin> = {};
  for (const [name, entry] of Object.entries(table)) {
    const raw = rawValue(entry, given, environment);
    if (raw === undefined) continue;
    values[name] = check(entry, raw);
    found[name] = raw.origin;
  }
  // Each value is its own schema's output: the table's type says so, and no way of writing the loop lets TypeScript see it.
  return { values: values as Values<Table>, origins: found as Settings<Table>["origins"] };
}

/** The flag's name alone: `--batch-size`. */
export function flagName(entry: Flag): string {
  return entry.flag.replace(/ .*$/, "");
}

/** The first flag of `table` that was said on the command line. Whoever does not say `--no-…` wants it, as far as commander is concerned. */
export function firstGiven(
  given: Readonly<Record<string, unknown>>,
  table: FlagTable,
): Flag | undefined {
  return Object.entries(table).find(([name, { flag }]) =>
    flag.startsWith("--no-") ? given[name] === false : given[name] !== undefined,
  )?.[1];
}

function toOption(entry: Flag): Option {
  const variable = entry.variable === undefined ? "" : ` (variable ${entry.variable})`;
  const repeat = entry.repeat ? " (repeatable)" : "";
  const option = new Option(entry.flag, `${entry.help}${repeat}${variable}`);
  if (!entry.repeat) return option;
  return option.argParser((text: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    text,
  ]);
}

interface RawValue {
  readonly value: unknown;
  readonly origin: Origin;
  /** What an error calls it. */
  readonly label: string;
}

function rawValue(
  entry: Flag,
  given: Readonly<Record<string, unknown>>,
  environment: Environment,
): RawValue | undefined {
  const value = given[new Option(entry.flag).attributeName()];
  if (value !== undefined) return { value, origin: "flag", label: flagName(entry) };
  const variable = entry.variable === undefined ? undefined : environment(entry.variable);
  if (variable === undefined) return undefined;
  const { text, from } = variable;
  const lines = entry.repeat ? text.split("\n").filter((line) => line.trim() !== "") : text;
  const where = from === ".env" ? ` (in ${from})` : "";
  return { value: lines, origin: from, label: `${entry.variable}${where}` };
}

function check(entry: Flag, raw: RawValue): unknown {
  const result = entry.schema.safeParse(raw.value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const index = issue?.path[0];
  const value =
    Array.isArray(raw.value) && typeof index === "number" ? raw.value[index] : raw.value;
  // What stands before an @ may be a user and a password, whatever the flag.
  const shown = JSON.stringify(value).replace(/[^"]*@/, "…@");
  const not = entry.secret ? "" : `, but it is ${shown}`;
  throw new VectorError("E_CONFIG", `${raw.label} ${issue?.message ?? "is not right"}${not}.`, {
    next: `Correct ${raw.label} and run the same command again.`,
    details: { setting: raw.label },
  });
}
