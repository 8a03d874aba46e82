/** A server that takes each request whole and answers the same bytes (base64, its first argument): what HTTP itself costs. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const answer = Buffer.from(process.argv[2] ?? "", "base64");
const headers = { "content-type": "application/json", "content-length": answer.length };
const server = createServer(async (request, response) => {
  for await (const _piece of request);
  response.writeHead(200, headers).end(answer);
});
server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
