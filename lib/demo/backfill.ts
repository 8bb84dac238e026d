/**
 * Writes the simulated past as OpenMetrics text for `promtool tsdb create-blocks-from openmetrics FILE DIR`.
 * `node lib/demo/backfill.ts --out FILE --minutes 60 --step 15 --seed 7 [--gpus 64] [--anchor MS]`
 */
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { History } from './exposition.ts';
import { createWorld } from './model.ts';
import { readOptions } from './options.ts';
import { Tally } from './tally.ts';
import { targetsOf } from './targets.ts';

const options = readOptions(process.argv.slice(2), Date.now());
if (options.out === null) throw new Error('--out FILE is missing.');
const now = Date.now();
const stepMs = options.stepSeconds * 1000;
const world = createWorld(options.seed, options.anchor, options.gpus);
const targets = targetsOf(world);
const tally = new Tally(world);
const history = new History();
for (let time = Math.max(world.boot + 1, now - options.historyMinutes * 60_000); time <= now; time += stepMs) {
  tally.advance(time);
  for (const target of targets) {
    const samples = target.samples(tally);
    history.add(samples, { job: target.job, ...target.labels }, time);
    history.add(
      [{ name: 'up', type: 'gauge', help: '', labels: {}, value: 1 }],
      { job: target.job, ...target.labels },
      time,
    );
  }
}
const file = createWriteStream(options.out);
for (const piece of history.text()) file.write(piece);
file.end();
await finished(file);
console.log(`${history.count} samples of ${history.seriesCount} series, anchor ${world.anchor}`);
