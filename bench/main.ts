/** `npm run bench -- NAME`: what something costs, from one run. Without a name it says which there are. */
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { indexings } from "../src/migrate/request.ts";
import { benchArchive } from "./archive.ts";
import { benchCompare } from "./compare.ts";
import { benchCopy } from "./copy.ts";
import { benchDelta } from "./delta.ts";
import { benchEmbedded } from "./embedded.ts";
import { benchEncoding } from "./encoding.ts";
import { benchGentle } from "./gentle.ts";
import { writeFigures } from "./page.ts";
import { benchPlan } from "./plan.ts";
import { benchProfiles } from "./profiles.ts";
import { benchQdrant } from "./qdrant.ts";
import { benchService } from "./service.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    records: { type: "string" },
    dimension: { type: "string" },
    indexing: { type: "string", default: "after" },
    rounds: { type: "string", default: "3" },
    source: { type: "string", multiple: true, default: ["folder", "server"] },
    write: { type: "boolean", default: false },
  },
});

const [name = ""] = positionals;
const indexing = indexings.find((when) => when === values.indexing);
const sizeOr = (records: number, dimension: number) => ({
  records: Number(values.records ?? records),
  dimension: Number(values.dimension ?? dimension),
});
const size = sizeOr(60_000, 384);
const rounds = Number(values.rounds);

/** What each measures, with its own flags, and how. */
const benches: Readonly<Record<string, { readonly says: string; run(): Promise<void> }>> = {
  copy: {
    says: "our figures, the limit's or a peer's, and their ratio [--source folder|server] [--indexing after|during]",
    run: () =>
      benchCopy({ ...size, rounds, indexing: indexing ?? "after", sources: values.source }),
  },
  gentle: {
    says: "what a copy does to who else uses the source",
    run: () => benchGentle({ ...size, rounds }),
  },
  delta: {
    says: "a pass over a finished job of which 1 % has changed",
    run: () => benchDelta({ ...size, rounds }),
  },
  archive: {
    says: "an archive of a folder, and its restore beside the limit of writing",
    run: () => benchArchive({ ...size, rounds }),
  },
  compare: {
    says: "the truth of a comparison: 1,000 queries by brute force",
    run: () => benchCompare({ ...size, rounds }),
  },
  embedded: {
    says: "the embedded Qdrant beside others in an application's process; also [--records 1000000 --dimension 128]",
    run: () => benchEmbedded(size),
  },
  service: {
    says: "a search through VectorService beside the bare request, adding beside the bulk path, and others, on QDRANT_URL",
    run: () => benchService({ ...size, rounds }),
  },
  profiles: {
    says: "latency, recall and memory of the profiles of collections, on QDRANT_URL (20000 × 384 unless said)",
    run: () => benchProfiles({ ...sizeOr(20_000, 384), rounds }),
  },
  qdrant: {
    says: "from QDRANT_URL to QDRANT_SECOND_URL, beside the tool that QDRANT_MIGRATION names [--indexing after|during]",
    run: () => benchQdrant({ ...size, rounds, indexing: indexing ?? "after" }),
  },
  encoding: {
    says: "searches by Qdrant's own client with compressed answers and without, over fast links and slow ones, on QDRANT_URL",
    run: () => benchEncoding({ rounds }),
  },
  plan: {
    says: "seconds and memory of `plan` on a folder (1000000 × 8 unless said)",
    run: () => benchPlan("plan", { ...sizeOr(1_000_000, 8), rounds }),
  },
  doctor: {
    says: "seconds and memory of `doctor` on a folder (1000000 × 8 unless said)",
    run: () => benchPlan("doctor", { ...sizeOr(1_000_000, 8), rounds }),
  },
};

const bench = benches[name];
if (bench === undefined || indexing === undefined) {
  const lines = Object.entries(benches).map(([each, { says }]) => `  ${each}: ${says}`);
  console.error(
    `Usage: npm run bench -- NAME [--records 60000] [--dimension 384] [--rounds 3] [--write]\n${lines.join("\n")}`,
  );
  process.exit(2);
}
if (values.write) {
  await writeFigures(
    name,
    process.argv.slice(2).filter((arg) => arg !== "--write"),
  );
} else {
  console.log(
    `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB`,
  );
  await bench.run();
}
