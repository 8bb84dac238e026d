/**
 * Sees what this process stores of attempts and jobs as it goes to the engine, so that who works on it need not ask whether
 * anything came in.
 *
 *   ingest, pollers --insert--> [seen here] --> engine
 *                                   |
 *                                   +--> "12 attempts were stored", once they can be read
 */
import type { Engine } from '../../store/engine.ts';

const ATTEMPTS = 'xray.ray_task_attempts';
const JOBS = 'xray.ray_jobs';

/** Rows that can be read now. */
export interface Stored {
  readonly attempts: number;
  readonly jobs: number;
}

export interface StoredAttempts {
  /** The same engine; inserts through another one are not seen. */
  readonly engine: Engine;
  /** When the oldest insert that goes on began, Unix ms: its rows may carry that time and not be there yet. null: none does. */
  readonly writingSince: () => number | null;
  /** Calls `listener` after every insert of attempts or jobs, whether it succeeded or not. */
  readonly onStored: (listener: (stored: Stored) => void) => void;
}

export function watchStoredAttempts(engine: Engine): StoredAttempts {
  const writing = new Set<{ readonly since: number }>();
  const listeners: ((stored: Stored) => void)[] = [];
  return {
    engine: {
      ...engine,
      async insert(table, rows) {
        if (table !== ATTEMPTS && table !== JOBS) return engine.insert(table, rows);
        const count = 'lines' in rows ? rows.count : rows.length;
        const one = { since: Date.now() };
        writing.add(one);
        try {
          await engine.insert(table, rows);
        } finally {
          // A failure may have stored some of it.
          writing.delete(one);
          const stored = { attempts: table === ATTEMPTS ? count : 0, jobs: table === JOBS ? count : 0 };
          if (count > 0) for (const listener of listeners) listener(stored);
        }
      },
    },
    writingSince() {
      const [oldest] = writing;
      return oldest?.since ?? null;
    },
    onStored: (listener) => void listeners.push(listener),
  };
}
