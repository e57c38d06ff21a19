// SPDX-License-Identifier: MIT
// The job of chapter-3.3.2/09_http_server.c on node.

import { createServer } from "node:http";

const server = createServer((request, response) => {
  if (request.method !== "GET" || request.url !== "/api/time") {
    response.writeHead(404).end();
    return;
  }
  const body = JSON.stringify({ time: new Date().toISOString().slice(0, 19) + "Z" });
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": body.length });
  response.end(body);
});
server.listen(0, "127.0.0.1", () => console.log("port", server.address().port));
