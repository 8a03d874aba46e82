/** A process that writes through a hybrid until it is killed: `node hybrid-writer.ts QDRANT OTHER QUEUE`. Prints a line a write. */
import { HybridVectorService, QdrantRepository } from "../../src/index.ts";
import { faultyRepository } from "./faulty-repository.ts";

const [url = "", further = "", queue = ""] = process.argv.slice(2);
const other = faultyRepository(new QdrantRepository({ url: further }));
const hybrid = await HybridVectorService.open({
  qdrant: new QdrantRepository({ url }),
  other: other.repository,
  queue,
  catchUpMs: 5,
  breaker: { resetMs: 5 },
});
for (let n = 0; ; n += 1) {
  other.fault = n % 5 < 2 ? "error" : "none";
  const documents = Array.from({ length: 5 }, (_, at) => ({
    id: `${(n * 3 + at) % 40}`,
    content: `${n}`,
    embedding: [1, n, at],
  }));
  const operationType = n % 4 === 3 ? "delete" : "upsert";
  await hybrid.bulkUpsertDocuments("notes", { operationType, documents, tenantId: "acme" });
  console.log(n);
}
