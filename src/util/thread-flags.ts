import process from "node:process";

/**
 * The flags for a new thread; undefined = those of this one, as Node hands them on. They are not named again where that is to be
 * had: Node refuses a thread for V8's flags by name (`--max-old-space-size`, with which AWS Lambda begins a function), and takes
 * them handed on. A program given by `node --input-type=module -e` has one that begins no file.
 */
export function threadFlags(): string[] | undefined {
  return process.execArgv.some((flag) => flag.startsWith("--input-type")) ? [] : undefined;
}
