/** What all verbs have in common. */
import type { Command } from "commander";
import { VectorError } from "../errors.ts";
import { printableAddress } from "../store/address.ts";
import type { Session } from "./session.ts";

/** Where the journal stands unless --state says otherwise. */
export const defaultState = ".vecferry";

/** A verb's work: what stands on the command line in, the exit status out. */
export type Action = (
  session: Session,
  operands: readonly string[],
  flags: Record<string, unknown>,
) => Promise<number>;

/** Runs an action; handed to each verb so that the program alone keeps session and exit status. */
export type Call = (
  action: Action,
  operands: readonly string[],
  flags: Record<string, unknown>,
) => Promise<void>;

/** Adds a verb to the program. */
export type AddVerb = (program: Command, call: Call) => void;

/** Lets `command` run `action`. */
export function onCommand(command: Command, call: Call, action: Action): void {
  command.action(() => call(action, command.args, command.opts()));
}

/** A verb that is several, each with a help of its own: `vecferry rollback plan`. What is added to it is one of them. */
export function addGroup(program: Command, call: Call, name: string, summary: string): Command {
  const group = program
    .command(name)
    .summary(summary)
    .helpCommand(false)
    // What stands behind a word that is none of its commands is not looked at.
    .argument("[words...]")
    .allowUnknownOption()
    .usage("COMMAND [options]");
  onCommand(group, call, async (_session, [given]) => {
    const names = group.commands.map((one) => one.name()).join(" or ");
    const text = given?.startsWith("-") === false ? `is ${JSON.stringify(given)}` : "is given";
    throw new VectorError("E_USAGE", `No command of ${name} ${text}: it takes ${names}.`);
  });
  return group;
}

/**
 * A list of names swallows whatever stands behind it: an address among them is such a slip. No collection's name holds
 * a slash or a colon.
 * @throws E_USAGE
 */
export function assertNoAddress(flag: string, names: readonly string[] | undefined): void {
  const address = names?.find((name) => /[/\\:]/.test(name));
  if (address === undefined) return;
  throw new VectorError(
    "E_USAGE",
    `${flag} takes the names up to the next flag, and "${printableAddress(address)}" is an address.`,
    { next: `Put addresses before ${flag}, or end its list with \`--\`.` },
  );
}
