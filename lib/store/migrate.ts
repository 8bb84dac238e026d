/** Versioned schema migrations: applied once each, in order, at start; recorded in xray.schema_migrations. */
import { z } from 'zod';
import { type Engine, type Query, StoreError } from './engine.ts';

export interface Migration {
  /** Whole numbers, ascending, never reused. */
  readonly version: number;
  readonly name: string;
  /** ClickHouse DDL. A TTL in it is left out: retention.ts deletes, by a clock that it believes. */
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

/** Migrations of earlier versions gave tables a TTL. Null where nothing of the statement is left. */
function withoutTtl(statement: string): string | null {
  const sql = statement.replace(/\s+TTL [^\n]*?\+ toIntervalDay\([^)]*\)/g, '').trimEnd();
  return / MODIFY$/.test(sql) ? null : sql;
}

/** Brings the schema to the newest version. A store that is newer than this X-Ray is refused. */
export async function migrate(engine: Engine, migrations: readonly Migration[]): Promise<void> {
  await engine.command('CREATE DATABASE IF NOT EXISTS xray');
  await engine.command(
    `CREATE TABLE IF NOT EXISTS xray.schema_migrations (version UInt32, name String, applied DateTime DEFAULT now())
     ENGINE = MergeTree ORDER BY version`,
  );
  const done = new Set((await engine.select(applied)).map((row) => row.version));
  const newest = Math.max(0, ...migrations.map((migration) => migration.version));
  const ahead = [...done].filter((version) => version > newest);
  if (ahead.length > 0)
    throw new StoreError(
      'store-failed',
      `the store has schema version ${Math.max(...ahead)}, this X-Ray knows ${newest}: start a newer X-Ray`,
    );
  for (const migration of [...migrations].sort((a, b) => a.version - b.version)) {
    if (done.has(migration.version)) continue;
    for (const statement of migration.statements) {
      const sql = withoutTtl(statement);
      if (sql !== null) await engine.command(sql);
    }
    await engine.insert('xray.schema_migrations', [{ version: migration.version, name: migration.name }]);
  }
}
