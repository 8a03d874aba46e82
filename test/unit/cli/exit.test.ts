import { describe, expect, it } from "vitest";
import { chromaFlags, qdrantFlags } from "../../../src/cli/end-flags.ts";
import {
  commandAgain,
  exitHelp,
  failureText,
  toVectorError,
  withFreePort,
} from "../../../src/cli/exit.ts";
import { buildProgram } from "../../../src/cli/run.ts";
import { VectorError } from "../../../src/errors.ts";

const secret = [qdrantFlags.qdrantApiKey, chromaFlags.chromadbHeader];

describe("the command to run again", () => {
  it("is the one that was given, quoted for a shell", () => {
    const argv = ["migrate", "./a b", "embedded:./q", "--where", '{"a": "it\'s"}'];
    expect(commandAgain(argv, secret, [])).toBe(
      `vecferry migrate './a b' embedded:./q --where '{"a": "it'\\''s"}'`,
    );
  });

  it("has no key in it, however it was given", () => {
    const argv = ["migrate", "--qdrant-api-key", "k1", "--chromadb-header=A: k2", "--merge"];
    const text = commandAgain(argv, secret, []);
    expect(text).toBe("vecferry migrate --qdrant-api-key '***' --chromadb-header='***' --merge");
  });

  it.each([
    "chroma-cloud://t/d?region=eu",
    "chroma-cloud://?host=http://127.0.0.1:1",
    "chroma-folder:./c?tenant=t&database=d",
    "https://h:6333?grpc=off",
  ])("has the whole address: %s", (address) => {
    expect(commandAgain(["migrate", address], secret, [])).toContain(address);
  });

  it.each([
    ["https://k3y@h:6333", "https://***@h:6333"],
    ["chroma-cloud://?host=k3y@h", "chroma-cloud://?host=***@h"],
    ["chroma-cloud://?host=https://u:k3y@h", "chroma-cloud://?host=https://***@h"],
    ["https://h:6333?api-key=k3y", "https://h:6333?api-key=***"],
  ])("has no key of an address: %s", (address, shown) => {
    expect(commandAgain(["migrate", address], secret, [])).toBe(`vecferry migrate '${shown}'`);
  });

  it("leaves out what would begin anew", () => {
    expect(commandAgain(["migrate", "--restart"], secret, ["--restart"])).toBe("vecferry migrate");
  });

  it.for([
    ["ui", "ui --port 0"],
    ["ui --port 6380 ./job", "ui ./job --port 0"],
    ["ui --port=6380 --json -- ./job", "ui --json --port 0 -- ./job"],
  ] as const)("has a free port where one is taken: %j", ([given, again]) => {
    const details = { host: "127.0.0.1", port: 6380, flag: "--port" };
    const taken = new VectorError("E_CONFIG", "taken", { details });
    expect(withFreePort(given.split(" "), taken).join(" ")).toBe(again);
    const other = new VectorError("E_CONFIG", "no such host", { details: { port: 6380 } });
    expect(withFreePort(given.split(" "), other).join(" ")).toBe(given);
  });
});

describe("a failure", () => {
  it("says what is wrong, what to do, what was kept, and how to go on", () => {
    const error = new VectorError("E_UNREACHABLE", "Nobody answers at http://h:1.");
    const text = failureText(error, { kept: "K.", command: "vecferry migrate", files: ["/log"] });
    expect(text.split("\n")).toEqual([
      "Nobody answers at http://h:1. [E_UNREACHABLE]",
      `  What to do:    ${error.next}`,
      "  What was kept: K.",
      "  To go on:      vecferry migrate",
      "  See also:      /log",
    ]);
  });

  it("of usage has kept nothing, and says nothing of it", () => {
    const error = new VectorError("E_USAGE", "There is no --x.");
    const text = failureText(error, { kept: null, command: "vecferry --help", files: [] });
    expect(text.split("\n")).toEqual([
      "There is no --x. [E_USAGE]",
      `  What to do:    ${error.next}`,
      "  To go on:      vecferry --help",
    ]);
  });

  it("that nobody had foreseen is our fault, and does not repeat its words", () => {
    const error = toVectorError(new TypeError("a document's text"));
    expect(error.code).toBe("E_INTERNAL");
    expect(error.message).not.toContain("document's");
  });
});

describe("a help", () => {
  const width = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));

  it("fits 80 columns, and names each command without its operands", async () => {
    const program = await buildProgram(async () => undefined);
    program.configureOutput({ getOutHelpWidth: () => 80 });
    const groups = program.commands.filter(({ commands }) => commands.length > 0);
    for (const command of groups) command.copyInheritedSettings(program);
    const helps = [program, ...groups].map((command) => command.helpInformation());
    expect(helps.map(width).filter((columns) => columns > 80)).toEqual([]);
    expect(helps[0]).toMatch(/^ {2}plan +say what is there/m);
    expect(width(exitHelp([0, 1, 2, 3, 4, 5, 6, 130]))).toBeLessThanOrEqual(80);
  });
});
