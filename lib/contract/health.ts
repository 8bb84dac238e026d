/** GET /api/health: every source with its state; 200 while X-Ray itself serves, whatever its sources do. */
import { z } from 'zod';
import { byKey } from '../schema/by-key.ts';
import { healthAddress } from './requests/addresses.ts';
import { defineRoute } from './route.ts';

export const SourceHealth = z.object({
  /** Stable id, e.g. `store`, `prometheus`, `ray:prod`, `alertmanager`, `ingest:otlp`, `ingest:ray-events`, `demo`. */
  id: z.string(),
  kind: z.enum(['store', 'prometheus', 'ray', 'alertmanager', 'otlp', 'ray-events', 'demo']),
  /** The cluster it belongs to, where it belongs to one. */
  cluster: z.string().nullable(),
  /** `waiting`: nothing was heard yet, nothing is wrong. `found`: discovered, not connected. `off`: not configured. */
  state: z.enum(['up', 'degraded', 'down', 'waiting', 'found', 'off']),
  /** Since when in this state (RFC 3339). */
  since: z.string(),
  lastSuccess: z.string().nullable(),
  /** Why it is not up, in its own words. */
  reason: z.string().nullable(),
  whatToDo: z.string().nullable(),
  /** Where it is, without credentials. */
  url: z.string().nullable(),
  /** Facts worth a line: version, series count, queue length, bytes. */
  details: byKey(z.union([z.string(), z.number(), z.boolean()])),
});
export type SourceHealthWire = z.infer<typeof SourceHealth>;

export const HealthResponse = z.object({
  status: z.enum(['ok', 'degraded']),
  version: z.string(),
  startedAt: z.string(),
  now: z.string(),
  demo: z.boolean(),
  sources: z.array(SourceHealth),
});
export type HealthWire = z.infer<typeof HealthResponse>;

export const healthRoute = defineRoute(healthAddress, { query: z.strictObject({}), response: HealthResponse });
