// SPDX-License-Identifier: MIT
// The jobs of coro_bench.c on node: async functions, generators, setTimeout. A yield is an await of
// a promise that is kept already: node runs all such before it looks at its sockets again.
//
//     node coro_bench.mjs yield TASKS STEPS | resume COUNT STEPS | sleep TASKS

import { readFileSync } from "node:fs";

async function yielder(steps) {
  for (let i = 0; i < steps; i++) await null;
  return steps;
}

function sleeper(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms, ms));
}

function* counter(stop) {
  for (let i = 0; i < stop; i++) yield i;
}

function delays(count) {
  const all = [];
  for (let i = 0, seed = 1n; i < count; i++) {
    seed = (seed * 1103515245n + 12345n) & 0x7fffffffn;
    all.push(1 + (Number(seed >> 8n) % 300));
  }
  return all;
}

async function runTasks(promises, expected) {
  const results = await Promise.all(promises);
  return results.every((result, i) => result === expected(i));
}

function runGenerators(count, steps) {
  const all = Array.from({ length: count }, () => counter(steps));
  let total = 0;
  for (let step = 0; step < steps; step++) for (const g of all) total += g.next().value;
  return total === (count * steps * (steps - 1)) / 2;
}

function peakMemory() {
  return Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "ascii"))?.[1] ?? 0);
}

function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const [job, countText, stepsText = "1"] = process.argv.slice(2);
const [count, steps] = [Number(countText), Number(stepsText)];
const ms = job === "sleep" ? delays(count) : [];
const [before, cpu, real] = [peakMemory(), cpuSeconds(), performance.now()];
let ok;
if (job === "yield")
  ok = await runTasks(Array.from({ length: count }, () => yielder(steps)), () => steps);
else if (job === "resume") ok = runGenerators(count, steps);
else ok = await runTasks(ms.map(sleeper), (i) => ms[i]);
console.log(
  JSON.stringify({
    ops: count * steps,
    cpu: cpuSeconds() - cpu,
    real: (performance.now() - real) / 1000,
    peak: peakMemory(),
    before,
    ok,
  }),
);
process.exitCode = ok ? 0 : 1;
