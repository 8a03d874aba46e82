/** A process that does the steps from argv[3] on, in the folder argv[2], until it is killed; it prints each that is acknowledged. */
import { openFaiss } from "../../src/adapters/faiss/index.ts";
import { doStep, stepsSpec } from "../support/faiss-steps.ts";

const [, , folder = "", first = "0"] = process.argv;
/** The store is closed after so many steps, which writes its files anew, and opened again. */
const stepsAtOnce = 5;
for (let step = Number(first); ; ) {
  await using store = await openFaiss(folder);
  await store.ensure(stepsSpec);
  for (const end = step + stepsAtOnce; step < end; step += 1) {
    await doStep(store, step);
    process.stdout.write(`${step}\n`);
  }
}
