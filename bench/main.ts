/** `npm run bench -- copy`: our figures, the limit's or a peer's, and their ratio, from one run. */
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { benchCopy } from "./copy.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    records: { type: "string", default: "60000" },
    dimension: { type: "string", default: "384" },
    source: { type: "string", multiple: true, default: ["folder", "server"] },
  },
});

const [name = ""] = positionals;
if (name !== "copy") {
  console.error(
    "Usage: npm run bench -- copy [--records 60000] [--dimension 384] [--source folder|server]",
  );
  process.exit(2);
}
console.log(
  `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB`,
);
await benchCopy({
  records: Number(values.records),
  dimension: Number(values.dimension),
  sources: values.source,
});
