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
