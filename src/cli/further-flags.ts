/** What was typed beside the addresses, for a command that shall do the same. */
import { chromaFlags, qdrantFlags, sourceQdrantFlags } from "./end-flags.ts";
import { commandAgain } from "./exit.ts";
import { type Flag, type FlagTable, flagName } from "./setting.ts";

/** The flags of a command line without its verb, its addresses and the verb's `own` flags. Without keys, quoted for a shell. */
export function furtherFlags(
  argv: readonly string[],
  operands: readonly string[],
  own: FlagTable,
): string {
  const left = [...operands];
  const dropped = new Map<string, Flag>(Object.values(own).map((flag) => [flagName(flag), flag]));
  const kept: string[] = [];
  let isValue = false;
  for (const word of argv.slice(1)) {
    const at = left.indexOf(word);
    const flag = dropped.get(word.split("=", 1)[0] ?? "");
    if (isValue) isValue = false;
    else if (flag !== undefined) isValue = / </.test(flag.flag) && !word.includes("=");
    else if (at !== -1) left.splice(at, 1);
    else if (word !== "--") kept.push(word);
  }
  const secret = Object.values({ ...chromaFlags, ...qdrantFlags, ...sourceQdrantFlags }).filter(
    (one: Flag) => one.secret,
  );
  return commandAgain(kept, secret, []).replace(/^vecferry ?/, "");
}
