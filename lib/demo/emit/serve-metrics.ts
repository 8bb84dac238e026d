/** What Ray Serve's replica and proxy expose of the requests that they answered: names and labels of ray 2.58. */

import type { Tally } from '../state/tally.ts';
import { actorId } from '../world/model.ts';
import type { Add } from './exposition.ts';

/** Adds nothing where the cluster answers no requests. */
export function serveMetrics(tally: Tally, add: Add): void {
  const { serving, training } = tally.world;
  if (serving === null) return;
  const { application, route } = serving;
  const deployment = training.actorClass.split(':').at(-1) ?? '';
  const own = { application, deployment, replica: actorId(tally.world, 0).slice(0, 8) };
  const method = `${training.actorClass}.${training.method}`;
  const answered = tally
    .rows()
    .filter(({ functionName }) => functionName === method)
    .reduce((sum, { finished }) => sum + finished, 0);
  const inHand = tally.running().filter(({ functionName }) => functionName === method).length;
  add(
    'ray_serve_deployment_request_counter_total',
    'The number of queries that have been processed in this replica.',
    { ...own, route },
    answered,
    'counter',
  );
  add(
    'ray_serve_num_http_requests_total',
    'The number of HTTP requests processed.',
    { application, method: 'POST', route, status_code: '200' },
    answered,
    'counter',
  );
  add('ray_serve_replica_processing_queries', 'The current number of queries being processed.', own, inHand);
  add('ray_serve_deployment_replica_healthy', 'Whether this deployment replica is healthy.', own, 1);
}
