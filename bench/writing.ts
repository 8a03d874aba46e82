/** Writing alone: ours by gRPC and by REST, and what bounds it, messages that were encoded before the clock starts. */
import http2 from "node:http2";
import { optimalBatchSize } from "../src/model/batch-size.ts";
import type { PointBatch, RecordBatch } from "../src/model/record.ts";
import type { TargetStore } from "../src/store/port.ts";
import { decodeUpdateAnswer, encodeUpsert } from "../src/wire/upsert.ts";
import { callOn } from "../test/support/grpc-call.ts";
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
    const write = async (batch: RecordBatch): Promise<number> => {
      const points: PointBatch = pointsOf(batch, dimension);
      await target.write(spec, points);
      return points.ids.length;
    };
    const [first] = batches;
    if (first !== undefined) await write(first);
    return await timed(() => each(batches, target.capabilities.concurrency, write));
  });
}

/** The limit: the same points, the same batches, as many in flight; only bytes are sent. */
export async function writeEncoded(address: string, options: WriteOptions): Promise<Measured> {
  const { records, dimension } = options;
  return await withCollection(address, options, async (target, { name }) => {
    const { concurrency } = target.capabilities;
    const batches = await ourBatches(target, records, dimension);
    const messages = batches.flatMap((batch) => messagesOf(name, batch, dimension));
    const sessions = Array.from({ length: concurrency }, () => http2.connect(grpcUrl(address)));
    const headers: Record<string, string> = apiKey === "" ? {} : { "api-key": apiKey };
    const send = async ({ frame, rows }: Message): Promise<number> => {
      const session = sessions.shift();
      if (session === undefined) throw new Error("more in flight than connections");
      const call = { body: frame, headers };
      const { code, message, body } = await callOn(session, "/qdrant.Points/Upsert", call);
      sessions.push(session);
      const status = code === 0 ? decodeUpdateAnswer(body.subarray(5)).status : message;
      if (status !== "completed") throw new Error(`Upsert: ${status}`);
      return rows;
    };
    await each(messages.slice(0, 1), 1, send);
    const measured = await timed(() => each(messages, concurrency, send));
    for (const session of sessions) session.close();
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
  const rows = optimalBatchSize({ dimension, payloadBytes, bodyBytesMax });
  return await recordBatches(records, dimension, rows);
}
