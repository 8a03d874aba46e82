/**
 * What `--import` names for a program in TypeScript that a test starts. Node 24 knows `using`; Node 22 gets it lowered, in the program's
 * own files and in all that they import, as Vitest lowers what it loads. This file itself has none.
 */
import { registerHooks } from "node:module";
import process from "node:process";

if (Number.parseInt(process.versions.node, 10) < 24) {
  const { transformSync } = await import("rolldown/utils");
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!/\.m?ts$/.test(url)) return loaded;
      const { code, errors } = transformSync(url, String(loaded.source), {
        lang: "ts",
        target: "node22",
      });
      if (errors[0] !== undefined) throw errors[0];
      return { format: "module", source: code };
    },
  });
}
