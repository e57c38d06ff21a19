// SPDX-License-Identifier: MIT
// Asks for the time over and over on node with undici: client.cjs PORT AT_ONCE MILLISECONDS
// Prints what clients.py wants to know. As much time before that is for warming up.

const { readFileSync } = require("node:fs");
const { Pool } = require("undici");

const [port, atOnce, milliseconds] = process.argv.slice(2).map(Number);
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: atOnce });
const begin = performance.now() + milliseconds;
const end = begin + milliseconds;
const latencies = [];
let before = process.cpuUsage();

async function ask() {
  let now = performance.now();
  while (now < end) {
    const start = now;
    const response = await pool.request({ path: "/api/time", method: "GET" });
    const answer = await response.body.json();
    if (response.statusCode !== 200 || !answer.time.startsWith("20")) throw Error("wrong answer");
    now = performance.now();
    if (now > begin) latencies.push(now - start);
  }
}

async function main() {
  setTimeout(() => (before = process.cpuUsage()), milliseconds);
  await Promise.all(Array.from({ length: atOnce }, ask));
  const { user, system } = process.cpuUsage(before);
  const real = (performance.now() - begin) / 1000;
  await pool.close();
  latencies.sort((a, b) => a - b);
  console.log(
    JSON.stringify({
      ops: latencies.length,
      cpu: (user + system) / 1e6,
      real,
      p50: latencies[Math.floor(latencies.length / 2)] * 1000,
      p99: latencies[Math.floor(latencies.length * 0.99)] * 1000,
      peak: Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "ascii"))[1]),
    }),
  );
}

main();
