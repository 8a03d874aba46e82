export { lookAtFaiss } from "./look.ts";
export { openFaiss } from "./store.ts";
