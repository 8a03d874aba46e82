/** Other names that lead to collections. */
import { VectorError } from "../../errors.ts";
import type { CollectionInfo } from "../../model/collection.ts";
import type { Course } from "./course.ts";

/** @throws E_SCHEMA_CONFLICT where an alias of the source's is taken at the target */
export function assertAliasesFree(
  courses: readonly Course[],
  standing: readonly CollectionInfo[],
): void {
  const names = new Set([
    ...standing.map(({ name }) => name),
    ...courses.map(({ spec }) => spec.name),
  ]);
  const led = new Map(
    standing.flatMap(({ name, aliases = [] }) => aliases.map((alias) => [alias, name] as const)),
  );
  for (const { info, spec } of courses) {
    for (const alias of info.aliases ?? []) {
      const there = led.get(alias);
      const what = names.has(alias)
        ? "is a collection's own name"
        : there !== undefined && there !== spec.name
          ? `leads to ${JSON.stringify(there)}`
          : null;
      if (what === null) continue;
      throw new VectorError(
        "E_SCHEMA_CONFLICT",
        `Alias ${JSON.stringify(alias)} of collection ${JSON.stringify(info.name)} ${what} at the target.`,
        { next: "Leave the aliases where they are: --no-aliases.", details: { alias, there } },
      );
    }
  }
}
