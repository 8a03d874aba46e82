/** One measurement in a process of its own, so that its peak of memory is its own. Prints one line of JSON. */
import type { Indexing } from "../src/migrate/request.ts";
import { keepHeapSmall } from "../src/util/heap.ts";
import type { Measured } from "./measured.ts";

type Measure = (...words: string[]) => Promise<Measured>;

const indexingOf = (word: string | undefined): Indexing => (word === "during" ? "during" : "after");

/** What is written: records, dimension, when the index is built. */
const sizeOf = ([records, dimension, indexing]: readonly string[]) => ({
  records: Number(records),
  dimension: Number(dimension),
  indexing: indexingOf(indexing),
});

// Modules are loaded by the measure that needs them: what others load takes memory too.
const writing = () => import("./writing.ts");
const clients = () => import("./clients.ts");
const reading = () => import("./reading.ts");
const archiving = () => import("./archiving.ts");
const copying = () => import("./copying.ts");
const embedding = () => import("./embedding.ts");
const roads = () => import("./road.ts");
const comparing = () => import("./comparing.ts");

const ours: Record<string, Measure> = {
  read: async (address = "") => (await reading()).readOurs(address),
  write: async (address = "", ...size) => (await writing()).writeOurs(address, sizeOf(size)),
  "write-grpc": async (url = "", ...size) =>
    (await writing()).writeOurs(url, { ...sizeOf(size), road: "grpc" }),
  "write-rest": async (url = "", ...size) =>
    (await writing()).writeOurs(url, { ...sizeOf(size), road: "rest" }),
  copy: async (source = "", target = "", state = "", indexing) =>
    (await copying()).copy(source, target, state, indexingOf(indexing)),
  points: async (source = "", target = "", state = "", indexing) =>
    (await copying()).points(source, target, state, indexingOf(indexing)),
  verify: async (source = "", target = "", state = "") =>
    (await copying()).verify(source, target, state),
  backup: async (source = "", path = "", state = "") =>
    (await archiving()).backup(source, path, state),
  restore: async (path = "", target = "", state = "", indexing) =>
    (await archiving()).restore(path, target, state, indexingOf(indexing)),
  truth: async (records = "", dimension = "", distance = "") =>
    (await comparing()).truthOfMade(Number(records), Number(dimension), distance),
  "truth-folder": async (path = "") => (await comparing()).truthOfFolder(path),
  "truth-loops": async (records = "", dimension = "") =>
    (await comparing()).truthByLoops(Number(records), Number(dimension)),
  embedded: async (road = "", records = "", dimension = "") =>
    (await embedding()).embed(
      road === "http" ? "http" : "process",
      Number(records),
      Number(dimension),
    ),
  roads: async (records = "", dimension = "") =>
    (await roads()).measureRoads(Number(records), Number(dimension)),
  drop: async (target = "") => (await copying()).drop(target),
};
const others: Record<string, Measure> = {
  "read-wire": async (url = "") => (await reading()).readWire(url),
  "scroll-wire": async (url = "", name = "") => (await reading()).scrollWire(url, name),
  "write-encoded": async (url = "", ...size) =>
    (await writing()).writeEncoded(url, { ...sizeOf(size), road: "grpc" }),
  "write-client-grpc": async (url = "", ...size) => (await clients()).writeGrpc(url, sizeOf(size)),
  "write-client-rest": async (url = "", ...size) => (await clients()).writeRest(url, sizeOf(size)),
  "scroll-client-grpc": async (url = "", name = "", rowsMax) =>
    (await clients()).scrollGrpc(url, name, Number(rowsMax)),
  "scroll-client-rest": async (url = "", name = "", rowsMax) =>
    (await clients()).scrollRest(url, name, Number(rowsMax)),
};

const [role = "", ...words] = process.argv.slice(2);
// As the command does in its own process.
if (role in ours) keepHeapSmall();
const before = process.cpuUsage();
const measured = await (ours[role] ?? others[role])?.(...words);
if (measured === undefined) throw new Error(`no measure ${role}`);
const { user, system } = process.cpuUsage(before);
const cpuMs = (user + system) / 1000;
const rssMb = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ ...measured, rssMb, cpuMs }));
process.exit(0);
