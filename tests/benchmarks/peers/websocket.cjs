// SPDX-License-Identifier: MIT
// The job of p6_websocket_server --echo on node with the package ws.

const { WebSocketServer } = require("ws");

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
server.on("connection", (socket) =>
  socket.on("message", (bytes, isBinary) => socket.send(bytes, { binary: isBinary })),
);
server.on("listening", () => console.log("port", server.address().port));
