/** Writes the files of a deployment into a folder. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { VectorError } from "../errors.ts";
import { writeFileAtomic } from "../util/whole-file.ts";
import type { DeployFile } from "./file.ts";

/** A file that was written, or was there as it would have been. */
export interface WrittenFile {
  readonly path: string;
  readonly written: boolean;
}

/**
 * Writes `files` into `folder`, which is made. What is there as it would be written stays.
 * @throws E_CONFIG where one of them, or a rival, is there with something else in it and `force` is false: nothing is written then;
 * where it cannot be written; E_DISK_FULL
 */
export function writeDeployment(
  folder: string,
  files: readonly DeployFile[],
  force: boolean,
): WrittenFile[] {
  const planned = files.map((file) => {
    const path = join(folder, file.name);
    return { file, path, isSame: contentOf(path) === file.text };
  });
  const inTheWay = planned
    .filter(({ isSame }) => !isSame)
    .flatMap(({ file, path }) => [path, ...(file.rivals ?? []).map((name) => join(folder, name))])
    .filter((path) => existsSync(path));
  if (inTheWay.length > 0 && !force) {
    const many = inTheWay.length > 1;
    throw new VectorError(
      "E_CONFIG",
      `${inTheWay.join(", ")} ${many ? "are" : "is"} there already.`,
      {
        next: `Look at what would be written with --stdout, write it elsewhere with --to, or over what is there with --force.`,
        details: { files: inTheWay },
      },
    );
  }
  for (const { file, path, isSame } of planned) {
    if (!isSame) writeFileAtomic(path, [file.text], { shared: !file.secret });
  }
  return planned.map(({ path, isSame }) => ({ path, written: !isSame }));
}

/** What a file holds; null where there is none that can be read. */
function contentOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
