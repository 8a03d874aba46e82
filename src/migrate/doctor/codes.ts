/** What `doctor` can find: one table, from which docs/doctor.md is made. Codes do not change between major versions. */
import type { CodeEntry } from "./code-entry.ts";
import { codeCodes } from "./codes-code.ts";
import { reachCodes } from "./codes-reach.ts";
import { registryCodes } from "./codes-registry.ts";
import { sourceCodes } from "./codes-source.ts";
import { targetCodes } from "./codes-target.ts";

export const findingCodes = {
  ...reachCodes,
  ...sourceCodes,
  ...targetCodes,
  ...codeCodes,
  ...registryCodes,
} as const satisfies Record<string, CodeEntry>;

export type FindingCode = keyof typeof findingCodes;
