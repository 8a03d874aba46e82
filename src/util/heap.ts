import { setFlagsFromString } from "node:v8";

/**
 * Keeps V8's heap near what is alive in it. By default both generations grow while batches pass through them and hold many
 * dead ones, with the buffers outside the heap that hang on them: a copy to a server took 300 to 400 MB so, and takes some
 * 200 with these, in no more time. For the command's own process only.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=20");
}
