/** What a page is made of: the newest reports of a migration and what its journal holds now. */
import { createReadStream, existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { z } from "zod";
import { migrationFiles } from "../../migrate/files.ts";

import { readReports } from "../../migrate/read-report.ts";
import type { Report } from "../../migrate/report-schema.ts";
import type { RateSample } from "../../migrate/request.ts";
import type { MigrationStatus } from "../../migrate/status.ts";

export interface PageFacts {
  /** The run that ended last; null = none has. */
  readonly newest: Report | null;
  /** The newest that carried records. */
  readonly carry: Report | null;
  /** The newest that verified, and that compared. */
  readonly verify: Report | null;
  readonly compare: Report | null;
  /** As the journal has it now; null where a run failed before it came to its journal. */
  readonly status: MigrationStatus | null;
  /** How fast it goes, or went. */
  readonly rates: readonly RateSample[];
  /** Records by their ids; null = no record is named on the page. */
  readonly named: NamedRecords | null;
  readonly madeAt: Date;
}

export interface NamedRecords {
  readonly quarantined: readonly QuarantineLine[];
}

const quarantineLine = z.object({
  collection: z.string(),
  id: z.string(),
  reason: z.string(),
  detail: z.string(),
});
export type QuarantineLine = z.infer<typeof quarantineLine>;

const carrying = new Set<Report["command"]>(["migrate", "repair", "backup", "restore", "export"]);
const namedMax = 50;

/** Of one report, that of a run which has no journal. */
export function factsOfReport(report: Report): PageFacts {
  return factsOf([report], null);
}

/** Of the migration `run` in a state folder. */
export function readFacts(stateFolder: string, status: MigrationStatus): PageFacts {
  return factsOf(readReports(stateFolder, status.run), status);
}

function factsOf(reports: readonly Report[], status: MigrationStatus | null): PageFacts {
  const first = (fits: (report: Report) => boolean) => reports.find(fits) ?? null;
  const carry = first(({ command }) => carrying.has(command));
  return {
    newest: reports[0] ?? null,
    carry,
    verify: first(({ verify }) => verify !== null),
    compare: first(({ compare }) => compare !== null),
    status,
    rates: carry?.rateSamples ?? [],
    named: null,
    madeAt: new Date(),
  };
}

/** The first records of a quarantine file; what is no line of one is left out. */
export async function readNamed(stateFolder: string, run: string): Promise<NamedRecords> {
  const { quarantine } = migrationFiles(stateFolder, run);
  const quarantined: QuarantineLine[] = [];
  if (existsSync(quarantine)) {
    using stream = closing(createReadStream(quarantine, "utf8"));
    for await (const line of createInterface({ input: stream.stream })) {
      const read = quarantineLine.safeParse(parsed(line));
      if (read.success) quarantined.push(read.data);
      if (quarantined.length >= namedMax) break;
    }
  }
  return { quarantined };
}

function closing(stream: ReturnType<typeof createReadStream>) {
  return { stream, [Symbol.dispose]: () => void stream.destroy() };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
