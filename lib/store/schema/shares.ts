/**
 * Shares forget: a day after a share has expired its answers go, a month later its row. The day is there because
 * ClickHouse's clock decides here, and X-Ray's decides what can be opened. Parts that a revocation has rewritten leave
 * the disk soon after.
 */
import type { Migration } from '../migrate.ts';

const END = `toDateTime(ifNull(expires, toDateTime64('2100-01-01 00:00:00', 3, 'UTC')))`;

export const shareMigrations: readonly Migration[] = [
  {
    version: 40,
    name: 'shares-forget',
    statements: [
      'ALTER TABLE xray.shares ADD COLUMN IF NOT EXISTS demo Bool DEFAULT false',
      `ALTER TABLE xray.shares MODIFY COLUMN responses String CODEC(ZSTD(3)) TTL ${END} + toIntervalDay(1)`,
      `ALTER TABLE xray.shares MODIFY TTL ${END} + toIntervalDay(31)`,
      'ALTER TABLE xray.shares MODIFY SETTING old_parts_lifetime = 30',
    ],
  },
];
