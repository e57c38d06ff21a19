// SPDX-License-Identifier: MIT

// The jobs of queue_22_bench.c and queue_24_bench.c in JavaScript, which has no queue of its own:
// node queues.mjs waves|bounded ROOM ITEMS
const CONSUMERS = 4;

// Items in a ring; whoever waits is told by a promise. An item goes straight to who waits.
class Queue {
  constructor(room) {
    this.ring = new Array(room);
    this.first = this.n = this.unfinished = 0;
    this.getters = [];
    this.putters = [];
    this.joined = null;
  }

  put(item) {
    this.unfinished++;
    if (this.getters.length > 0) return void this.getters.shift()(item);
    if (this.n < this.ring.length) return this.add(item);
    return new Promise((resolve) => this.putters.push(() => resolve(this.add(item))));
  }

  add(item) {
    this.ring[(this.first + this.n++) % this.ring.length] = item;
  }

  get() {
    if (this.n === 0) return new Promise((resolve) => this.getters.push(resolve));
    const item = this.ring[this.first];
    this.first = (this.first + 1) % this.ring.length;
    this.n--;
    if (this.putters.length > 0) this.putters.shift()();
    return item;
  }

  done() {
    if (--this.unfinished === 0 && this.joined !== null) this.joined();
  }

  join() {
    if (this.unfinished === 0) return undefined;
    return new Promise((resolve) => { this.joined = resolve; });
  }
}

const [job, room, items] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const queue = new Queue(room);
let total = 0;
let taken = 0;
let end;
const all = new Promise((resolve) => { end = resolve; });

async function consume() {
  for (;;) {
    const got = queue.get();
    const item = got instanceof Promise ? await got : got; // as asyncio: nobody waits for nothing
    total += item;
    queue.done();
    if (++taken === items) end();
  }
}

const began = process.hrtime.bigint();
const used = process.cpuUsage();
for (let k = 0; k < CONSUMERS; k++) consume();
for (let item = 0; item < items; item++) {
  if (job === 'waves' && item % room === 0) await queue.join();
  const put = queue.put(item);
  if (put instanceof Promise) await put;
}
await all;
const { user, system } = process.cpuUsage(used);
if (total !== (items * (items - 1)) / 2) throw new Error('a wrong sum');
console.log(JSON.stringify({
  ops: items, cpu: (user + system) / 1e6, real: Number(process.hrtime.bigint() - began) / 1e9,
  peak: process.resourceUsage().maxRSS,
}));
