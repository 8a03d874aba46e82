/**
 * `npm run bench -- copy`: our figures, the limit's or a peer's, and their ratio, from one run. `npm run bench -- gentle`: what
 * a copy does to who else uses the source.
 */
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { indexings } from "../src/migrate/request.ts";
import { benchCopy } from "./copy.ts";
import { benchGentle } from "./gentle.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    records: { type: "string", default: "60000" },
    dimension: { type: "string", default: "384" },
    indexing: { type: "string", default: "after" },
    rounds: { type: "string", default: "3" },
    source: { type: "string", multiple: true, default: ["folder", "server"] },
  },
});

const [name = ""] = positionals;
const indexing = indexings.find((when) => when === values.indexing);
if ((name !== "copy" && name !== "gentle") || indexing === undefined) {
  console.error(
    "Usage: npm run bench -- copy [--records 60000] [--dimension 384] [--source folder|server] [--indexing after|during] [--rounds 3]\n" +
      "       npm run bench -- gentle [--records 60000] [--dimension 384] [--rounds 3]",
  );
  process.exit(2);
}
console.log(
  `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB`,
);
const size = { records: Number(values.records), dimension: Number(values.dimension) };
const rounds = Number(values.rounds);
if (name === "copy") await benchCopy({ ...size, rounds, indexing, sources: values.source });
else await benchGentle({ ...size, rounds });
