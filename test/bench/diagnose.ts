/**
 * The yardstick of diagnoses: one random incident for each seed (lib/demo/clusters/incidents.ts) is sent to X-Ray over its public endpoints,
 * and its API is asked what is wrong. `npm run bench -- diagnose --seeds 50`. Sources are OTLP spans and Ray events; there is no
 * Prometheus, so no alert helps. What counts as named, in this order: what used up the memory beside each kill, then for each
 * communicator in the order of the answer the rank that it stands still for, its late host or rank, its slow transfer, then the slow nodes of the data job.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { collectivesRoute } from '../../lib/contract/collectives.ts';
import { slowNodesRoute } from '../../lib/contract/jobs.ts';
import { oomRoute } from '../../lib/contract/memory.ts';
import { incidentWorld, type Truth } from '../../lib/demo/clusters/incidents.ts';
import { createDelivery } from '../../lib/demo/deliver.ts';
import type { World } from '../../lib/demo/world/model.ts';
import { asker } from '../support/ask.ts';
import type { Report } from './figure.ts';
import { startServer } from './server.ts';

const SEEDS = Number(process.env.XRAY_BENCH_SEEDS ?? '50');
const GPUS = 32;
const WINDOW_MS = 15 * 60_000;
/** Windows of different seeds do not touch, whatever a wrong clock says. */
const APART_MS = 25 * 60_000;

/** The timeline's indexer looks a second after much came in. */
const KEPT_MS = 2500;

const ALL = '(all)';

interface Named {
  readonly kind: 'late' | 'transfer' | 'memory' | 'slow' | 'hang';
  readonly host: string | null;
  readonly what: string;
}

const isRight = (named: Named, truth: Truth): boolean =>
  (named.kind === 'late' &&
    truth.late?.host === named.host &&
    // Without Prometheus nothing knows the index of a GPU: its UUID names it.
    (named.what === ALL ? truth.late.gpu === null : [truth.late.gpu, truth.late.uuid].includes(named.what))) ||
  (named.kind === 'transfer' && truth.transfer === named.what) ||
  (named.kind === 'memory' && truth.memory === named.what) ||
  (named.kind === 'hang' &&
    truth.hang?.host === named.host &&
    named.what === `${truth.hang.communicator} ${truth.hang.uuid}`) ||
  (named.kind === 'slow' && truth.slowHost === `${named.what} ${named.host}`);

const message = (named: Named): string => `${named.kind} ${named.host ?? ''} ${named.what}`.replace('  ', ' ');
const truthText = ({ incident, late, transfer, memory, slowHost, hang }: Truth): string => {
  const gpu = late ? `${late.host} ${late.gpu ?? ALL}` : hang ? `${hang.communicator} ${hang.host} ${hang.uuid}` : null;
  return `${incident}: ${gpu ?? transfer ?? memory ?? slowHost ?? 'nothing is broken'}`;
};

/** What X-Ray's API names in a window, the first first, each once. */
async function namedBy(base: string, { session, jobs }: World, from: number, to: number): Promise<readonly Named[]> {
  const { kills } = await asker(base)(oomRoute, { session });
  const { communicators } = await asker(base)(collectivesRoute, { from: String(from), to: String(to) });
  const { slowNodes } = await asker(base)(slowNodesRoute, { jobId: jobs.preprocess?.submissionId ?? '', session });
  const named = [
    ...kills.map(
      ({ culprit, name, nodeName }): Named => ({
        kind: 'memory',
        host: nodeName,
        what: (culprit?.name ?? name).replace(/^ray::/, ''),
      }),
    ),
    ...communicators.flatMap(({ name, lateRank, lateHost, slowTransfer, standstill }): Named[] => [
      ...(standstill?.silent ?? []).map(({ host, gpu }): Named => ({ kind: 'hang', host, what: `${name} ${gpu}` })),
      ...(lateHost ? [{ kind: 'late' as const, host: lateHost.host, what: ALL }] : []),
      ...(lateRank ? [{ kind: 'late' as const, host: lateRank.host, what: lateRank.gpu ?? lateRank.rank }] : []),
      ...(slowTransfer ? [{ kind: 'transfer' as const, host: null, what: name }] : []),
    ]),
    ...slowNodes.map(({ function: what, nodeName }): Named => ({ kind: 'slow', host: nodeName, what })),
  ];
  return [...new Map(named.map((one) => [message(one), one])).values()];
}

export async function run(report: Report): Promise<void> {
  const server = await startServer({
    XRAY_DEMO: '0',
    PROMETHEUS_URL: 'http://127.0.0.1:9',
    XRAY_RETENTION_TRACES_DAYS: '3650',
  });
  const indexes: number[] = [];
  try {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const anchor = Date.now() - (SEEDS - seed + 2) * APART_MS;
      const { world, truth } = incidentWorld(seed, anchor, GPUS);
      const delivery = createDelivery(world, server.base, new AbortController().signal);
      await delivery.history(anchor - WINDOW_MS, anchor);
      await sleep(KEPT_MS);
      const named = await namedBy(server.base, world, anchor - WINDOW_MS - 60_000, anchor + 60_000);
      const isClean = Object.entries(truth).every(([key, value]) => key === 'incident' || value === null);
      // 1: named first. 0: not named. Where nothing is broken, silence is right.
      const index = isClean ? Number(named.length === 0) : named.findIndex((one) => isRight(one, truth)) + 1;
      indexes.push(index);
      process.stderr.write(
        `seed ${seed}: ${truthText(truth)} | named first: ${named[0] ? message(named[0]) : 'nothing'}${index === 1 ? '' : ` | place ${index || 'none'} of ${named.length}`}\n`,
      );
      report({ suite: 'diagnose', figure: `place seed-${seed} ${truth.incident}`, value: index, unit: 'place' });
    }
  } finally {
    await server.close();
  }
  const share = (upTo: number) => indexes.filter((index) => index >= 1 && index <= upTo).length / indexes.length;
  report({ suite: 'diagnose', figure: 'top-1', value: share(1), unit: 'share' });
  report({ suite: 'diagnose', figure: 'top-3', value: share(3), unit: 'share' });
}
