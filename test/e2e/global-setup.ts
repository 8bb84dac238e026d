/**
 * One production server with the simulated cluster for all browser tests. It is ready when jobs, traces and a firing alert
 * have come all the way from the simulation.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { z } from 'zod';
import { alertsRoute } from '../../lib/contract/alerts.ts';
import { jobsRoute } from '../../lib/contract/jobs.ts';
import type { RouteContract } from '../../lib/contract/route.ts';
import { tracesRoute } from '../../lib/contract/traces.ts';
import { startServer, until } from './server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** http://127.0.0.1:<port> */
    base: string;
    /** Unix ms: with it and its seed the simulated clusters can be made again. */
    demoAnchor: number;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer({ XRAY_DEMO: '1' });
  const ask = async <Body extends z.ZodType>(route: RouteContract<z.ZodObject, Body>): Promise<z.output<Body>> =>
    route.response.parse(await (await fetch(server.base + route.path)).json());
  try {
    await until(server, 120, 'finished tasks', async () =>
      (await ask(jobsRoute)).jobs.some((job) => job.tasks.finished > 100),
    );
    await until(server, 90, 'traces', async () => (await ask(tracesRoute)).traces.length > 0);
    await until(server, 120, 'alerts', async () => (await ask(alertsRoute)).alerts.length > 0);
  } catch (error) {
    await server.stop().catch(() => undefined);
    throw error;
  }
  project.provide('base', server.base);
  project.provide('demoAnchor', Number(readFileSync(join(server.data, 'demo/anchor'), 'utf8')));
  return () => server.stop();
}
