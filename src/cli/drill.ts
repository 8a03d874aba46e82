/** The restore drill of `check --drill`: an archive is restored where nobody uses it, compared, searched, and taken away. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VectorError } from "../errors.ts";
import { searchRestored } from "../migrate/drill.ts";
import type { Outcome } from "../migrate/report.ts";
import type { RunContext } from "../migrate/request.ts";
import { runVerify } from "../migrate/verify.ts";
import { connectArchive, connectTarget } from "../open.ts";
import type { ArchiveAddress } from "../store/address.ts";
import type { ArchiveReader } from "../store/archive.ts";
import type { TargetStore } from "../store/port.ts";
import { freeBytes } from "../util/disk.ts";
import { carryArchive, holdsPoints } from "./carry-archive.ts";
import { drillText } from "./output/drill.ts";
import { migrateRequest } from "./request.ts";
import type { Session } from "./session.ts";

/** What the folder of an embedded Qdrant takes, as a multiple of the archive's bytes. */
const roomFactor = 2;

/** Gives the exit status. @throws E_DISK_FULL, and as a restore does */
export async function runDrill(session: Session, address: ArchiveAddress): Promise<number> {
  const { signal } = session.io;
  await using archive = await connectArchive(address, { signal });
  const parts = archive.manifest.collections.flatMap((one) => one.parts);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  assertRoom(bytes);
  const folder = mkdtempSync(join(tmpdir(), "vecferry-drill-"));
  session.leaves("everything: the archive is as it was, and what the drill made is gone.");
  const startedMs = performance.now();
  try {
    const path = join(folder, "qdrant");
    await using target = await connectTarget({ kind: "embedded", path }, { signal });
    const context = {
      stateFolder: join(folder, "state"),
      signal,
      onEvent: session.event.bind(session),
    };
    const { exit: carried, report } = await carryArchive(
      archive,
      target,
      plainRequest(),
      { overwrite: false, aliases: true },
      context,
    );
    const verified = holdsPoints(archive) ? null : await readAgain(archive, target, context);
    const restoredMs = Math.round(performance.now() - startedMs);
    const searched = await searchRestored(target, signal);
    const faulty = searched.some(({ faults }) => faults.length > 0);
    const exit = faulty || verified?.exit === 4 ? 4 : carried;
    const verify = (verified ?? { report }).report.verify;
    const drill = { exit, restoredMs, bytes, report: { ...report, verify }, searched };
    session.output.result("drill", { drill }, drillText(drill));
    return exit;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A migration holds its target against what it sent; a drill reads the archive's records once more. */
function readAgain(
  archive: ArchiveReader,
  target: TargetStore,
  context: RunContext,
): Promise<Outcome> {
  const request = { scope: null, targetOnly: false, sample: null, onRecord: null };
  return runVerify(archive, target, request, context);
}

function assertRoom(bytes: number): void {
  const [free, wanted] = [freeBytes(tmpdir()), bytes * roomFactor];
  if (free === null || free >= wanted) return;
  throw new VectorError(
    "E_DISK_FULL",
    `A drill takes about ${wanted} bytes in ${tmpdir()}, where ${free} are free.`,
    { next: "Name another folder for temporary files: TMPDIR=/path vecferry check ... --drill." },
  );
}

/** Everything, as it comes out without any flag or variable. */
function plainRequest() {
  return migrateRequest({}, () => undefined);
}
