/** The one way to start a program in TypeScript from a test: it runs as it is written on every Node that package.json admits. */
const flags = [
  "--disable-warning=ExperimentalWarning",
  `--import=${new URL("./lowered.ts", import.meta.url)}`,
];

/** What Node is told to run a file. */
export function programFile(file: string, ...words: readonly string[]): string[] {
  return [...flags, file, ...words];
}

/** What Node is told to run a text. It has no `using` itself; what it imports may. */
export function programText(text: string, ...words: readonly string[]): string[] {
  return [...flags, "--input-type=module-typescript", "--eval", text, ...words];
}
