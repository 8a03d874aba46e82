/** Dates as Qdrant reads them: RFC 3339 and what chrono's formats take beside it. Source: qdrant 1.18.2, lib/segment/src/types.rs (DateTimeWrapper). */

const zoned =
  /^(\d{1,4}|[+-]\d{1,6})-(\d{1,2})-(\d{1,2})(?:[Tt]|\s+)(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d+))?\s*([Zz]|UTC|[+-]\d{2}(?::?\d{2})?)$/;
const naive =
  /^(\d{1,4}|[+-]\d{1,6})-(\d{1,2})-(\d{1,2})(?:(?:T|\s+)(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?$/;

/** Microseconds since 1970 of a date and time (UTC where no zone stands there; a date alone is its midnight); null where it is none. */
export function parseInstant(text: string): number | null {
  const trimmed = text.trimStart();
  const parts = zoned.exec(trimmed) ?? naive.exec(trimmed);
  if (parts === null) return null;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone = "Z"] =
    parts;
  const milliseconds = utc([year, month, day].map(Number), [hour, minute, second].map(Number));
  const offset = offsetMinutes(zone);
  if (milliseconds === null || offset === null) return null;
  return (milliseconds - offset * 60_000) * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}

/** Milliseconds since 1970; null where there is no such day or hour. A second of 60 is a leap second. */
function utc(date: readonly number[], time: readonly number[]): number | null {
  const [year = 0, month = 0, day = 0] = date;
  const [hour = 0, minute = 0, second = 0] = time;
  if (hour > 23 || minute > 59 || second > 60) return null;
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  if (at.getUTCMonth() !== month - 1 || at.getUTCDate() !== day) return null;
  return at.getTime() + ((hour * 60 + minute) * 60 + second) * 1000;
}

function offsetMinutes(zone: string): number | null {
  const signed = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone);
  if (signed === null) return 0;
  const minutes = Number(signed[3] ?? 0);
  const hours = Number(signed[2]);
  if (hours > 23 || minutes > 59) return null;
  return (signed[1] === "-" ? -1 : 1) * (hours * 60 + minutes);
}
