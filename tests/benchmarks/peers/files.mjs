// SPDX-License-Identifier: MIT
// Counts lines, words and bytes of files on node: files.mjs FILE...

import { createReadStream } from "node:fs";

const CHUNK = 256 * 1024;
const blank = new Uint8Array(256);
for (const byte of [9, 10, 11, 12, 13, 32]) blank[byte] = 1;

let [lines, words, bytes] = [0, 0, 0];
for (const path of process.argv.slice(2)) {
  let before = 1; // the byte before was a blank
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK })) {
    bytes += chunk.length;
    for (let i = 0; i < chunk.length; i++) {
      const now = blank[chunk[i]];
      if (chunk[i] === 10) lines++;
      words += before & ~now;
      before = now;
    }
  }
}
console.log(JSON.stringify({ lines, words, bytes }));
