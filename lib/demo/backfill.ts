/**
 * Writes the simulated past as OpenMetrics text for `promtool tsdb create-blocks-from openmetrics FILE DIR`.
 * `node lib/demo/backfill.ts --out FILE --minutes 360 [--until-minutes 60] --step 15 --seed 7 [--gpus 64] [--anchor MS] [--incident hang]`
 * From so many minutes before the anchor until now, or until so many minutes before the anchor.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { chosenWorlds } from './clusters/incidents.ts';
import { END, type Sample, scrapeLines } from './emit/exposition.ts';
import { readOptions } from './options.ts';
import { Tally } from './state/tally.ts';
import { targetsOf } from './targets.ts';

const UP: readonly Sample[] = [{ name: 'up', type: 'gauge', help: '', labels: {}, value: 1 }];
const options = readOptions(process.argv.slice(2), Date.now());
if (options.out === null) throw new Error('--out FILE is missing.');
const stepMs = options.stepSeconds * 1000;
const worlds = chosenWorlds(options);
const { anchor } = worlds[0];
const until = options.untilMinutes === 0 ? Date.now() : anchor - options.untilMinutes * 60_000;
const clusters = worlds.map((world) => ({
  world,
  tally: new Tally(world),
  targets: targetsOf(world).map((target) => ({ ...target, all: { job: target.job, ...target.labels } })),
}));
const file = createWriteStream(options.out, { highWaterMark: 4_000_000 });
let count = 0;
// Scrape by scrape, so that nothing is held but the one that is written.
for (let time = anchor - options.historyMinutes * 60_000; time < until; time += stepMs) {
  for (const { world, tally, targets } of clusters) {
    if (time <= world.boot || time >= (world.end ?? Number.POSITIVE_INFINITY)) continue;
    tally.advance(time);
    for (const target of targets) {
      const samples = target.samples(tally);
      count += samples.length + 1;
      if (!file.write(scrapeLines(samples, target.all, time) + scrapeLines(UP, target.all, time)))
        await once(file, 'drain');
    }
  }
}
file.end(END);
await finished(file);
console.log(`${count} samples, anchor ${anchor}`);
