/** `vecferry ui [FOLDER]`. */
import { once } from "node:events";
import { resolve } from "node:path";
import { exitHelp } from "../exit.ts";
import { outputFlags, stateFlags } from "../flags.ts";
import { addFlags, type FlagTable, readSettings } from "../setting.ts";
import { wholeNumber } from "../values.ts";
import { type Action, type AddVerb, defaultState, onCommand } from "../verb.ts";

const uiFlags = {
  port: {
    flag: "--port <port>",
    help: "port to answer at, on this machine alone; default 6380, 0 = any that is free",
    schema: wholeNumber(0, 65_535),
  },
} as const satisfies FlagTable;

const defaultPort = 6380;

export const addUi: AddVerb = (program, call) => {
  const command = program
    .command("ui")
    .summary("show a migration live in a browser")
    .description(
      "Answers at 127.0.0.1 with the page of `vecferry report`, kept up to date until it is stopped. " +
        "Reads the state folder alone: starting, stopping or reloading it changes nothing of a migration.",
    )
    .argument("[folder]", "the state folder, which need not be there yet; default that of --state");
  addFlags(command, "Where:", uiFlags);
  addFlags(command, "What it reads and says:", { ...stateFlags, ...outputFlags });
  command.addHelpText("after", exitHelp([0, 1, 2]));
  onCommand(command, call, ui);
};

const ui: Action = async (session, [given], flags) => {
  const { environment } = session;
  const { port = defaultPort } = readSettings(uiFlags, flags, environment).values;
  const { state = defaultState } = readSettings(stateFlags, flags, environment).values;
  const folder = resolve(given ?? state);
  const { signal } = session.io;
  // Loaded here, so that no other verb pays for it.
  const { livePages } = await import("../page/live.ts");
  const { listen } = await import("../../server/listen.ts");
  await using server = await listen(
    livePages(folder, (text) => session.keys.redact(text)),
    { port, signal },
  );
  const { url } = server;
  session.output.result(
    "listening",
    { url, folder },
    `The state of ${folder} stands at ${url} (Ctrl-C stops it).`,
  );
  if (!signal.aborted) await once(signal, "abort");
  return 0;
};
