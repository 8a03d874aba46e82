export { type DirectRoad, directRoad } from "./direct.ts";
export { type Listening, type ListenOptions, listen } from "./listen.ts";
export { createServer, type QdrantApp, type ServerOptions } from "./server.ts";
export { Statistics } from "./statistics.ts";
