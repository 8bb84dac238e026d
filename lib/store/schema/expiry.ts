/**
 * Rows dated close to 2106 do not expire at once (lib/model/kept-until.ts). Those of spans are refused at the door instead,
 * because a new TTL makes the engine write the whole table again. Kills count from when they were stored, as everything of
 * Ray does: retention.ts says so, but changes a table only where the days differ.
 */
import { LAST_EXPIRING_S } from '../../model/kept-until.ts';
import type { Migration } from '../migrate.ts';

/** When a transition of an alert was, for its TTL. */
export const TRANSITION_CLOCK = `toDateTime(least(intDiv(time_ns, 1000000000), ${LAST_EXPIRING_S}))`;

export const expiryMigrations: readonly Migration[] = [
  {
    version: 130,
    name: 'expiry-before-2106',
    statements: [
      `ALTER TABLE xray.alert_transitions MODIFY TTL ${TRANSITION_CLOCK} + toIntervalDay({ttl:alerts})`,
      'ALTER TABLE xray.ray_oom_kills MODIFY TTL stored + toIntervalDay({ttl:tasks})',
    ],
  },
];
