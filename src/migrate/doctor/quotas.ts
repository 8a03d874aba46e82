/** Which records are larger than Chroma Cloud's published quotas: docs.trychroma.com/cloud/quotas-limits. */
import type { RecordBatch } from "../../model/record.ts";
import { sliceObject, stringOf } from "../../util/json.ts";
import type { Findings, Words } from "./finding.ts";

/** In bytes of UTF-8, but for the number of keys. */
const quotas = {
  id: 128,
  document: 16_384,
  uri: 256,
  "metadata keys": 32,
  "metadata key": 36,
  "metadata value": 4_096,
} as const;
type Quota = keyof typeof quotas;

/** Records of the published quota a request: what Chroma Cloud answers at most. */
export const cloudPage = 300;

export class Quotas {
  readonly #over = new Map<Quota, { records: number; largest: number; first: string }>();

  add({ ids, payload }: RecordBatch): void {
    ids.forEach((id, row) => {
      this.#check("id", Buffer.byteLength(id), id);
      this.#check("document", Buffer.byteLength(payload.documents[row] ?? ""), id);
      this.#check("uri", Buffer.byteLength(payload.uris[row] ?? ""), id);
      this.#metadata(payload.metadata[row] ?? null, id);
    });
  }

  tell(collection: string, findings: Findings, words: Words): void {
    for (const [what, { records, largest, first }] of this.#over) {
      findings.add("over-quota", "source", {
        collection,
        text: `${records} records exceed the quota of ${quotas[what]} for ${what}: the largest has ${largest}, ${JSON.stringify(first)} is the first.`,
        evidence: { quota: what, limit: quotas[what], faulty: records, largest, first },
        words,
      });
    }
  }

  #metadata(text: string | null, id: string): void {
    if (text === null) return;
    let members: ReadonlyMap<string, string>;
    try {
      members = sliceObject(text);
    } catch {
      // Metadata that is no JSON has a finding of its own.
      return;
    }
    let [key, value] = [0, 0];
    for (const [name, raw] of members) {
      key = Math.max(key, Buffer.byteLength(name));
      value = Math.max(value, Buffer.byteLength(raw.startsWith('"') ? stringOf(raw) : raw));
    }
    this.#check("metadata keys", members.size, id);
    this.#check("metadata key", key, id);
    this.#check("metadata value", value, id);
  }

  #check(what: Quota, size: number, id: string): void {
    if (size <= quotas[what]) return;
    const known = this.#over.get(what) ?? { records: 0, largest: 0, first: id };
    known.records += 1;
    known.largest = Math.max(known.largest, size);
    this.#over.set(what, known);
  }
}
