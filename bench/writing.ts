/** Writing alone: ours by gRPC and by REST, and what bounds it, messages that were encoded before the clock starts. */
import { GrpcClient } from "../src/adapters/qdrant/grpc-client.ts";
import { batchTargetBytes, optimalBatchSize } from "../src/model/batch-size.ts";
import type { PointBatch, RecordBatch } from "../src/model/record.ts";
import { releaseVectors } from "../src/model/vector-column.ts";
import type { TargetStore } from "../src/store/port.ts";
import { decodeUpdateAnswer, encodeUpsert } from "../src/wire/upsert.ts";
import { columnsOf, payloadBytes, pointsOf, recordBatches } from "./batches.ts";
import { each, type Measured, timed } from "./measured.ts";
import { apiKey, grpcUrl, type WriteOptions, withCollection } from "./server.ts";

/** Bytes of a message, as our own client aims at. */
const messageBytesAim = 4 * 1024 * 1024;

/** Ours, from records to acknowledged points. The first batch is written before: it finds the way and makes the connections. */
export async function writeOurs(address: string, options: WriteOptions): Promise<Measured> {
  const { records, dimension } = options;
  return await withCollection(address, options, async (target, spec) => {
    const batches = await ourBatches(target, records, dimension);
    const write = async (batch: RecordBatch, takeVectors = true): Promise<number> => {
      const points: PointBatch = pointsOf(batch, dimension, takeVectors);
      await target.write(spec, points);
      // As a migration does: they are its own, not the source's.
      releaseVectors(points);
      return points.ids.length;
    };
    const [first] = batches;
    if (first !== undefined) await write(first, false);
    return await timed(() => each(batches, target.capabilities.concurrency, write));
  });
}

/**
 * The limit: the same points, the same batches, as many in flight, over our own connections, which are quicker than plain
 * ones; only bytes are sent.
 */
export async function writeEncoded(address: string, options: WriteOptions): Promise<Measured> {
  const { records, dimension } = options;
  return await withCollection(address, options, async (target, { name }) => {
    const { concurrency } = target.capabilities;
    const batches = await ourBatches(target, records, dimension);
    const messages = batches.flatMap((batch) => messagesOf(name, batch, dimension));
    const client = new GrpcClient(grpcUrl(address), apiKey === "" ? {} : { apiKey });
    const send = async ({ frame, rows }: Message): Promise<number> => {
      const { status } = await client.send("Points/Upsert", frame, decodeUpdateAnswer);
      if (status !== "completed") throw new Error(`Upsert: ${status}`);
      return rows;
    };
    await each(messages.slice(0, 1), 1, send);
    const measured = await timed(() => each(messages, concurrency, send));
    client.close();
    return measured;
  });
}

interface Message {
  readonly frame: Buffer;
  readonly rows: number;
}

function messagesOf(name: string, batch: RecordBatch, dimension: number): Message[] {
  const columns = columnsOf(batch, dimension);
  const messages: Message[] = [];
  for (let from = 0; from < columns.points.length; ) {
    const part = encodeUpsert(name, columns, { from, bytesAim: messageBytesAim });
    if (part.refused !== null) throw new Error(`a record cannot be said in gRPC: ${part.refused}`);
    messages.push({ frame: part.frame, rows: part.end - from });
    from = part.end;
  }
  return messages;
}

async function ourBatches(
  { capabilities }: TargetStore,
  records: number,
  dimension: number,
): Promise<RecordBatch[]> {
  const { bodyBytesMax } = capabilities;
  const rows = optimalBatchSize({
    targetBytes: batchTargetBytes,
    dimension,
    payloadBytes,
    bodyBytesMax,
  });
  return await recordBatches(records, dimension, rows);
}
