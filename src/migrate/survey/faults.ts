/** What is amiss with records, counted by kind, each with a few ids. */
import { z } from "zod";

/** Kinds of fault: why a record cannot be read or carried, and what makes its vector doubtful. */
const faultKinds = [
  "no-vector",
  "stale-vector",
  "wrong-dimension",
  "not-finite",
  "zero-vector",
  "tiny-norm",
  "metadata-not-json",
  "torn",
  "unanswerable",
  "other",
] as const;
export type FaultKind = (typeof faultKinds)[number];

export const faultSchema = z.object({
  kind: z.enum(faultKinds),
  records: z.int().positive(),
  examples: z.array(z.string()).describe("The first few ids, long ones cut."),
});

export type Fault = Readonly<z.infer<typeof faultSchema>>;

const examplesMax = 5;
const idLengthMax = 128;

export class Faults {
  readonly #counts = new Map<FaultKind, { records: number; examples: string[] }>();

  /** A reason that is none of the kinds counts as `other`. */
  add(reason: string, id: string): void {
    const kind = faultKinds.find((one) => one === reason) ?? "other";
    const known = this.#counts.get(kind) ?? { records: 0, examples: [] };
    known.records += 1;
    if (known.examples.length < examplesMax) known.examples.push(id.slice(0, idLengthMax));
    this.#counts.set(kind, known);
  }

  list(): Fault[] {
    return faultKinds.flatMap((kind) => {
      const known = this.#counts.get(kind);
      return known === undefined ? [] : [{ kind, ...known }];
    });
  }
}
