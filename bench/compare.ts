/** The truth of a comparison: seconds, processor time, memory, and how long it holds up the event loop. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { distances } from "../src/model/distance.ts";
import { makeFolder } from "../test/support/make-folder.ts";
import { type Measured, measure } from "./copy.ts";
import { describeData, vectorFiller } from "./data.ts";

export interface CompareBenchOptions {
  readonly records: number;
  readonly dimension: number;
  readonly rounds: number;
}

/** Prints a line a measurement; the median of `rounds` by wall time counts. */
export async function benchCompare(options: CompareBenchOptions): Promise<void> {
  const { records, dimension, rounds } = options;
  const size = [String(records), String(dimension)];
  console.log(`1,000 queries over ${records} × ${dimension}, ${describeData(dimension)}\n`);
  console.log(
    `${"".padEnd(34)}${["seconds", "of processor", "held up ms", "peak RSS MB"].map((head) => head.padStart(14)).join("")}`,
  );
  const median = async (role: string, ...words: string[]): Promise<Measured> => {
    const all: Measured[] = [];
    for (let round = 0; round < rounds; round += 1) all.push(await measure(role, ...words));
    const [middle] = all.sort((one, other) => one.ms - other.ms).slice(Math.floor(rounds / 2));
    if (middle === undefined) throw new Error("no round");
    return middle;
  };
  for (const distance of distances)
    print(`truth under ${distance}`, await median("truth", ...size, distance));
  const folder = mkdtempSync(path.join(tmpdir(), "vecferry-bench-"));
  try {
    const fill = vectorFiller(dimension);
    makeFolder(folder, {
      records,
      dimension,
      distance: "cosine",
      documentLength: 60,
      metadataKeys: 5,
      fill,
    });
    print("truth of a folder, reading it too", await median("truth-folder", folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  print("ip by plain loops, one thread", await median("truth-loops", ...size));
}

function print(what: string, { ms, parts, rssMb }: Measured): void {
  const seconds = (value: number): string => (value / 1000).toFixed(1);
  const heldUp = parts["heldUpMs"] ?? null;
  const cells = [
    seconds(ms),
    seconds(parts["cpuMs"] ?? 0),
    heldUp === null ? "" : String(Math.round(heldUp)),
    String(rssMb),
  ];
  console.log(`${what.padEnd(34)}${cells.map((cell) => cell.padStart(14)).join("")}`);
}
