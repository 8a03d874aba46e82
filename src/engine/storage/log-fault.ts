/**
 * Finds damage in a write-ahead log. SQLite takes a frame that does not fit its checksum for the end of the log, so that it
 * would leave out, without a word, all that was committed behind it. But each commit is synced before the next begins: where a
 * whole frame stands behind a commit, all before it was on the disk, and a frame there that does not fit is damage, no crash.
 *
 * The log (sqlite.org/fileformat2.html, 4.1 and 4.2), words of 4 bytes, big-endian:
 *
 *      0  32  magic 0x377f0682 or …83, version, page size, sequence, salt (2 words), checksum of the first 24 bytes (2 words)
 *      then frames: page, size after a commit (0 = none), salt (2 words), checksum (2 words), the page's bytes
 *
 * A frame's checksum goes on from that of the one before, over its first 8 bytes and its page; the magic's last bit says
 * whether the summed words are big-endian.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";

const headBytes = 32;
const frameHeadBytes = 24;
const magics = [0x377f0682, 0x377f0683];

type Sum = readonly [number, number];

/** What is wrong with the log beside the database at `path`; null = nothing, or there is none. A log that is cut short counts as whole. */
export function logFault(path: string): string | null {
  const log = `${path}-wal`;
  const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= headBytes + frameHeadBytes) return null;
  const file = openSync(log, "r");
  try {
    const head = Buffer.alloc(headBytes);
    readSync(file, head, 0, headBytes, 0);
    const bigEndian = head[3] === 0x83;
    const sum = added([0, 0], head.subarray(0, 24), bigEndian);
    if (!magics.includes(head.readUInt32BE(0)) || !same(sum, head, 24))
      return "the head of its log does not fit its checksum";
    return frameFault(file, head, bigEndian) ? "its log does not fit its checksums" : null;
  } finally {
    closeSync(file);
  }
}

/** Whether a frame that does not fit has a commit, and a whole frame behind that one. */
function frameFault(file: number, head: Buffer, bigEndian: boolean): boolean {
  const frame = Buffer.alloc(frameHeadBytes + pageBytes(head));
  let before: Sum = [head.readUInt32BE(24), head.readUInt32BE(28)];
  let broken = false;
  let committed = false;
  for (
    let at = headBytes;
    readSync(file, frame, 0, frame.length, at) === frame.length;
    at += frame.length
  ) {
    const isOfThisLog = frame.compare(head, 16, 24, 8, 16) === 0;
    const start = added(before, frame.subarray(0, 8), bigEndian);
    const whole =
      isOfThisLog && same(added(start, frame.subarray(frameHeadBytes), bigEndian), frame, 16);
    if (whole && broken && committed) return true;
    broken ||= !whole;
    committed ||= broken && frame.readUInt32BE(4) !== 0;
    before = [frame.readUInt32BE(16), frame.readUInt32BE(20)];
  }
  return false;
}

function pageBytes(head: Buffer): number {
  const size = head.readUInt32BE(8);
  return size === 1 ? 65_536 : size;
}

/** The checksum of SQLite's log: two sums that feed each other, over pairs of words. */
function added([first, second]: Sum, bytes: Buffer, bigEndian: boolean): Sum {
  let one = first;
  let two = second;
  for (let at = 0; at < bytes.length; at += 8) {
    const word = bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
    const next = bigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4);
    one = (one + word + two) >>> 0;
    two = (two + next + one) >>> 0;
  }
  return [one, two];
}

function same([one, two]: Sum, bytes: Buffer, at: number): boolean {
  return bytes.readUInt32BE(at) === one && bytes.readUInt32BE(at + 4) === two;
}
