// SPDX-License-Identifier: MIT
// The jobs of 11_tcp_echo.c and 12_udp_echo.c on node: echo.mjs tcp|udp

import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const NEWLINE = 10;

// Sends whole lines back; a piece of a line waits for the rest of it.
function echo(socket) {
  let rest = Buffer.alloc(0);
  socket.on("data", (bytes) => {
    const input = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes;
    const end = input.lastIndexOf(NEWLINE) + 1;
    if (end > 0 && !socket.write(input.subarray(0, end))) {
      socket.pause();
      socket.once("drain", () => socket.resume());
    }
    rest = input.subarray(end);
  });
  socket.on("error", () => socket.destroy());
}

if (process.argv[2] === "tcp") {
  const server = createServer({ noDelay: true }, echo);
  server.listen(0, "127.0.0.1", () => console.log("port", server.address().port));
} else {
  const socket = createSocket("udp4", (bytes, sender) =>
    socket.send(bytes, sender.port, sender.address),
  );
  socket.bind(0, "127.0.0.1", () => console.log("port", socket.address().port));
}
