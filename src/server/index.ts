export { type Listening, type ListenOptions, listen } from "./listen.ts";
export { followedVersion } from "./routes-service.ts";
export { createServer, type QdrantApp, type ServerOptions } from "./server.ts";
