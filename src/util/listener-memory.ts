/** Memory of a server on this machine, by the system's own books (Linux, proc(5)). */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** State of a listening socket in /proc/net/tcp. */
const listening = "0A";

/**
 * Resident bytes of the process that listens at `url`, where that is a port of this machine and the command line of its one
 * process fits `command`; null where it cannot be told: another machine or system, a container's proxy, several processes.
 */
export function listenerBytes(url: string, command: RegExp): number | null {
  const { hostname, port, protocol } = new URL(url);
  if (!/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) return null;
  const number = port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
  const inodes = new Set(["tcp", "tcp6"].flatMap((table) => listenersIn(table, number)));
  const pids = inodes.size === 0 ? [] : processesWith(inodes);
  const [pid] = pids;
  if (pid === undefined || pids.length > 1) return null;
  if (!command.test(textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " "))) return null;
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/status`))?.[1];
  return resident === undefined ? null : Number(resident) * 1024;
}

/** Inodes of the sockets that listen at the port. */
function listenersIn(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const rows = textOf(`/proc/net/${table}`).split("\n").slice(1);
  return rows.flatMap((row) => {
    const [, local = "", , state, , , , , , inode] = row.trim().split(/\s+/);
    return state === listening && local.endsWith(`:${wanted}`) && inode !== undefined
      ? [inode]
      : [];
  });
}

/** Processes that have one of these sockets open, as far as we may look. */
function processesWith(inodes: ReadonlySet<string>): string[] {
  const wanted = new Set([...inodes].map((inode) => `socket:[${inode}]`));
  return namesIn("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) =>
      namesIn(`/proc/${pid}/fd`).some((fd) => wanted.has(linkOf(`/proc/${pid}/fd/${fd}`))),
    );
}

/** A process may end, or be another's, while it is looked at: then there is nothing to see. */
function quiet<Result>(look: () => Result, otherwise: Result): Result {
  try {
    return look();
  } catch {
    return otherwise;
  }
}

const textOf = (path: string): string => quiet(() => readFileSync(path, "utf8"), "");
const namesIn = (path: string): string[] => quiet(() => readdirSync(path), []);
const linkOf = (path: string): string => quiet(() => readlinkSync(path), "");
