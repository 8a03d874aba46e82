/** A file system of 1 MB to be filled, which only root on Linux may make. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** The folder that it stands in, until the file's tests are done; `reason` is empty where it could be made. */
export function smallDisk(): { readonly place: string; readonly reason: string } {
  const place = mkdtempSync(join(tmpdir(), "vecferry-full-"));
  const mounted = mount(place);
  afterAll(() => {
    if (mounted) spawnSync("umount", [place]);
    rmSync(place, { recursive: true, force: true });
  });
  return { place, reason: mounted ? "" : " (skipped: no small file system can be mounted here)" };
}

function mount(folder: string): boolean {
  if (process.platform !== "linux") return false;
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
  return status === 0 && statfsSync(folder).blocks * statfsSync(folder).bsize <= 2 ** 20;
}
