/** `vecferry serve DIR`. */
import { once } from "node:events";
import { VectorError } from "../../errors.ts";
import { assertNoChroma } from "../../open.ts";
import { serve } from "../../server/serve.ts";
import { parseAddress, printableAddress } from "../../store/address.ts";
import { exitHelp } from "../exit.ts";
import { outputFlags } from "../flags.ts";
import { serveFlags } from "../serve-flags.ts";
import { addFlags, readSettings } from "../setting.ts";
import { type Action, type AddVerb, onCommand } from "../verb.ts";

export const addServe: AddVerb = (program, call) => {
  const command = program
    .command("serve")
    .summary("answer Qdrant's REST and gRPC APIs from a folder")
    .description(
      "Serves the embedded Qdrant in a folder until it is stopped: curl and Qdrant's own clients work on it.",
    )
    .argument("<folder>", "folder of the embedded Qdrant, made where it is not there; or :memory:");
  addFlags(command, "Where and for whom:", serveFlags);
  addFlags(command, "What it says:", outputFlags);
  command.addHelpText("after", exitHelp([0, 1, 2, 5]));
  onCommand(command, call, serveFolder);
};

/** How long the end may take: within the 5 s that a stop may, with room for the process itself. */
const shutdownMs = 4600;

const loopbackNames = new Set(["127.0.0.1", "::1", "localhost"]);

const serveFolder: Action = async (session, [folder = ""], flags) => {
  const { values, origins } = readSettings(serveFlags, flags, session.environment);
  const path = folderOf(folder);
  const keys = {
    apiKey: session.keys.read({
      value: values.apiKey,
      file: values.apiKeyFile,
      valueOrigin: origins.apiKey,
      fileOrigin: origins.apiKeyFile,
      valueName: "--api-key",
      fileName: "--api-key-file",
    }),
    readOnlyApiKey: session.keys.read({
      value: values.readOnlyApiKey,
      file: values.readOnlyApiKeyFile,
      valueOrigin: origins.readOnlyApiKey,
      fileOrigin: origins.readOnlyApiKeyFile,
      valueName: "--read-only-api-key",
      fileName: "--read-only-api-key-file",
    }),
  };
  const { host = "127.0.0.1", port = 6333, grpcPort } = values;
  const local = loopbackNames.has(host);
  const keyed = keys.apiKey !== undefined || keys.readOnlyApiKey !== undefined;
  if (!local && !keyed) {
    const words = `Whoever reaches ${host} can read and change everything: no --api-key-file is given.`;
    if (values.insecure !== true) {
      const next = "Give --api-key-file, or --insecure where nobody else can reach the address.";
      throw new VectorError("E_USAGE", words, { next });
    }
    session.warn(words);
  }
  assertNoChroma(path);

  const { signal } = session.io;
  // Loaded here, so that no other verb pays for it.
  const { openEngine } = await import("../../engine/index.ts");
  await using engine = await openEngine(path, { signal });
  for (const [name, fault] of engine.damaged) {
    session.warn(`Collection ${JSON.stringify(name)} is damaged and not served: ${fault}`);
  }
  const where = { host, port, grpcPort: grpcPort === "off" ? null : grpcPort, signal };
  const urlRecovery = values.allowUrlRecovery === true;
  await using server = await serve(engine, { ...keys, checkHost: local, urlRecovery, ...where });
  if (server.grpcFault !== null) {
    session.warn(`${server.grpcFault} REST alone is answered; --grpc-port names another port.`);
  }
  const { url } = server;
  const grpc = server.grpcPort === null ? "" : `gRPC at port ${server.grpcPort}; `;
  session.output.result(
    "listening",
    { url, grpcPort: server.grpcPort, folder: engine.path },
    `Qdrant's API over ${engine.path} answers at ${url} (${grpc}Ctrl-C stops it).`,
  );
  if (!signal.aborted) await once(signal, "abort");
  const endMs = performance.now() + shutdownMs;
  await server.close();
  await engine.close({ withinMs: Math.max(0, endMs - performance.now()) });
  return 0;
};

/** The folder that is meant: a path, or one of the embedded addresses. @throws E_USAGE for another store */
function folderOf(text: string): string {
  if (text !== ":memory:" && !/^[a-z][a-z0-9+.-]+:/i.test(text)) return text;
  const address = parseAddress(text);
  if (address.kind === "embedded") return address.path;
  throw new VectorError("E_USAGE", `serve takes a folder, and ${printableAddress(text)} is none.`);
}
