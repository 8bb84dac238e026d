/** Versioned schema migrations: applied once each, in order, at start; recorded in xray.schema_migrations. */
import { z } from 'zod';
import type { Engine, Query } from './engine.ts';

export interface Migration {
  /** Whole numbers, ascending, never reused. */
  readonly version: number;
  readonly name: string;
  /** ClickHouse DDL; {ttl:tasks}, {ttl:traces} and {ttl:alerts} become days. */
  readonly statements: readonly string[];
}

export interface RetentionDays {
  readonly tasks: number;
  readonly traces: number;
  readonly alerts: number;
}

const applied: Query<{ version: number }> = {
  name: 'schema-migrations',
  sql: 'SELECT version FROM xray.schema_migrations GROUP BY version ORDER BY version',
  row: z.object({ version: z.number() }),
};

/** Brings the schema to the newest version. A store that is newer than this X-Ray is refused. */
export async function migrate(
  engine: Engine,
  migrations: readonly Migration[],
  retention: RetentionDays,
): Promise<void> {
  await engine.command('CREATE DATABASE IF NOT EXISTS xray');
  await engine.command(
    `CREATE TABLE IF NOT EXISTS xray.schema_migrations (version UInt32, name String, applied DateTime DEFAULT now())
     ENGINE = MergeTree ORDER BY version`,
  );
  const done = new Set((await engine.select(applied)).map((row) => row.version));
  const newest = Math.max(0, ...migrations.map((migration) => migration.version));
  const ahead = [...done].filter((version) => version > newest);
  if (ahead.length > 0)
    throw new Error(
      `the store has schema version ${Math.max(...ahead)}, this X-Ray knows ${newest}: start a newer X-Ray`,
    );
  for (const migration of [...migrations].sort((a, b) => a.version - b.version)) {
    if (done.has(migration.version)) continue;
    for (const statement of migration.statements) {
      const sql = statement.replace(/\{ttl:(\w+)\}/g, (_, key: keyof RetentionDays) => String(retention[key]));
      await engine.command(sql);
    }
    await engine.insert('xray.schema_migrations', [{ version: migration.version, name: migration.name }]);
  }
}
