/** A Ray and a Prometheus that lie (liar.ts), one case a mode: pages go on, and the server stays small and quick. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, type Case } from './case.ts';

/** Every way in which liar.ts lies. */
export const MODES = [
  ...[
    'slow',
    'html',
    'half',
    'error-200',
    'error-500',
    'redirect',
    'redirect-loop',
    'endless',
    'drip',
    'reset',
    'garbage',
  ],
  ...[
    'big-header',
    'short-length',
    'null',
    'deep',
    'deep-object',
    'big-log',
    'one-line',
    'escapes',
    'tasks-1m',
    'tasks-300k',
  ],
  ...['not-numbers', 'duplicates', 'many-series', 'many-sessions', 'many-labels', 'clock', 'prototype', 'many-alerts'],
  ...['gzip-bomb', 'not-gzip', 'chunks', 'content-type', 'long-label', 'clock-behind', 'oom-reports'],
  ...['many-rules', 'jobs', 'nodes', 'actors', 'placement-groups'],
];
/** Pollers are given so long to meet the lie. */
const MEET_MS = 4_000;

const pages = (): readonly string[] => {
  const [from, to] = [Date.now() - 3_600_000, Date.now()];
  return [
    '/api/clusters',
    '/api/clusters/liar',
    `/api/clusters/liar/usage?from=${from}&to=${to}`,
    '/api/jobs',
    '/api/jobs/raysubmit_synthetic_0',
    '/api/jobs/raysubmit_synthetic_0/logs?tail=10',
    '/api/jobs/raysubmit_synthetic_0/timeline',
    `/api/jobs/raysubmit_synthetic_0/strips?from=${from}&to=${to}`,
    '/api/alerts',
    `/api/collectives?from=${from}&to=${to}`,
    `/api/memory/heatmap?from=${from}&to=${to}`,
    '/api/memory/oom',
    '/api/health',
  ];
};

export interface Liar {
  readonly url: string;
  readonly lie: (mode: string) => Promise<void>;
  readonly close: () => void;
}

/** Memory of the lies is theirs: the largest is 400 MB of text. */
export async function startLiar(): Promise<Liar> {
  const child = spawn(process.execPath, [new URL('liar.ts', import.meta.url).pathname], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  const url = `http://127.0.0.1:${/^ready (\d+)$/.exec(String(line))?.[1]}`;
  return {
    url,
    lie: async (mode) => void (await fetch(`${url}/__mode?m=${mode}`)),
    close: () => child.stdin.end(),
  };
}

export const sourceCases: readonly Case[] = MODES.map((mode) => ({
  name: `liar-${mode}`,
  liar: mode,
  environment: (liar) => ({ RAY_DASHBOARD_URL: liar, PROMETHEUS_URL: liar, XRAY_CLUSTER: 'liar' }),
  async attack(target) {
    await sleep(MEET_MS);
    let [worstMs, worstBytes, failed] = [0, 0, 0];
    const paths = [...pages(), ...pages()];
    await atMost(8, paths.length, async (i) => {
      const { status, ms, bytes } = await target.ask(paths[i] ?? '/');
      worstMs = Math.max(worstMs, ms);
      worstBytes = Math.max(worstBytes, bytes);
      if (status === 0 || status === 500) failed += 1;
      if (ms > 3_500 || status === 0 || status === 500 || bytes > 8e6)
        process.stderr.write(`${paths[i]}: ${status} after ${Math.round(ms)} ms, ${bytes} bytes\n`);
    });
    return {
      'answer-time': [worstMs / 1000, 's'],
      'answer-bytes': [worstBytes / 1e6, 'MB'],
      'answers-failed': [failed, '1'],
    };
  },
}));
