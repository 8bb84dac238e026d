/** What is broken in the simulated cluster is known to lib/demo alone: nothing imports it, and nothing that is emitted says it. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chosenWorlds, INCIDENTS, incidentWorld } from '../../../lib/demo/clusters/incidents.ts';
import { wholeBody } from '../../../lib/demo/emit/api-answer.ts';
import { clusterEvents } from '../../../lib/demo/emit/cluster-events.ts';
import { prometheusText } from '../../../lib/demo/emit/exposition.ts';
import { rayApi } from '../../../lib/demo/emit/ray-api.ts';
import { taskEvents } from '../../../lib/demo/emit/ray-events.ts';
import { stepSpans } from '../../../lib/demo/emit/spans.ts';
import { stepAt } from '../../../lib/demo/jobs/training.ts';
import { federatedSamples } from '../../../lib/demo/server.ts';
import { Tally } from '../../../lib/demo/state/tally.ts';

const root = resolve(import.meta.dirname, '../../..');
const ANCHOR = Date.UTC(2026, 0, 5, 12, 0, 0);

describe('the truth of the simulation', () => {
  it('is imported by nothing outside lib/demo', () => {
    const sources = ['app', 'components', 'lib'].flatMap((folder) =>
      readdirSync(resolve(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => /\.(tsx?|mjs)$/.test(path))
        .map((path) => `${folder}/${path}`),
    );
    const outside = sources.filter((path) => !path.startsWith('lib/demo/'));
    expect(outside.length).toBeGreaterThan(300);
    const imports = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;
    const readers = outside.filter((path) =>
      [...readFileSync(resolve(root, path), 'utf8').matchAll(imports)].some(([, name]) =>
        /(^|\/)demo\//.test(name ?? ''),
      ),
    );
    expect(readers).toEqual([]);
  });

  it('is in nothing that is emitted, whatever is broken', () => {
    const seen = new Set<string>();
    for (let seed = 1; seen.size < INCIDENTS.length; seed++) {
      expect(seed).toBeLessThan(60);
      const { world, truth } = incidentWorld(seed, ANCHOR, 32);
      if (seen.has(truth.incident)) continue;
      seen.add(truth.incident);
      const tally = new Tally(world);
      tally.advance(ANCHOR);
      const step = stepAt(world, ANCHOR) - 1;
      const emitted = [
        prometheusText(federatedSamples(tally)),
        JSON.stringify(clusterEvents(world)),
        JSON.stringify(taskEvents(world, ANCHOR - 60_000, ANCHOR)),
        JSON.stringify(stepSpans(world, step)),
        ...['/api/v0/tasks?limit=100', '/api/v0/actors', '/api/v0/nodes', '/api/jobs/', '/nodes?view=summary'].map(
          (path) => {
            const answer = rayApi(tally, new URL(`http://demo${path}`), 'demo');
            return answer ? wholeBody(answer) : '';
          },
        ),
      ];
      expect(emitted.every((text) => text.length > 100)).toBe(true);
      for (const text of emitted) expect(text).not.toMatch(/\bfaults?\b|decoy|incident|culprit|injected|truth/i);
    }
    expect([...seen].sort()).toEqual([...INCIDENTS].sort());
  });

  it('is what a command line asks for, and no other', () => {
    const requested = { seed: 3, anchor: ANCHOR, gpus: 16 };
    for (const incident of INCIDENTS)
      expect(chosenWorlds({ ...requested, incident }).map(({ faults }) => faults)).toEqual([
        incidentWorld(3, ANCHOR, 16, incident).world.faults,
      ]);
    expect(chosenWorlds({ ...requested, incident: 'hang' })[0].faults.hang).not.toBeNull();
    expect(chosenWorlds({ ...requested, incident: null }).map(({ cluster }) => cluster)).toEqual([
      'demo-cluster',
      'demo-notebooks',
      'demo-weekly-eval',
      'demo-inference',
    ]);
    expect(() => chosenWorlds({ ...requested, incident: 'gremlins' })).toThrow('expected one of gpu-throttle');
    expect(chosenWorlds({ ...requested, incident: 'link', gpuModel: 'mi300x' })[0].gpu.exporter).toBe('amd');
    expect(() => chosenWorlds({ ...requested, incident: null, gpuModel: 'abacus' })).toThrow(
      'expected one of h100, mi300x',
    );
  });

  it('is the same for the same seed, and names somebody unless nothing is broken', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const { truth } = incidentWorld(seed, ANCHOR, 32);
      expect(incidentWorld(seed, ANCHOR, 32).truth).toEqual(truth);
      const named = [truth.late, truth.transfer, truth.memory, truth.slowHost, truth.hang].filter(
        (one) => one !== null,
      );
      expect(named).toHaveLength(truth.incident === 'clock-skew' ? 0 : 1);
    }
  });
});
