/**
 * Watches that what was stored stays, or that its loss is said: parts that are set aside, damaged or gone, the directory itself,
 * and the clock that retention deletes by. What it finds is a condition of the store's health, and is kept in
 * `store-state.json` until the operator settles it (`xray doctor --store`).
 *
 *   start    parts that were known and are gone; how far the clock may be believed
 *   2 s      the directory is the one that was opened
 *   15 s     parts set aside, parts without files, reads that met damage, mutations that fail (with the health's own look)
 *   always   one table after the other is read and its checksums compared, at most 1/500 of a core
 *   1 h      retention
 */
import type { Durability } from '../../store/durability.ts';
import type { Engine } from '../../store/engine.ts';
import {
  checkTable,
  compareParts,
  type FoundLoss,
  rememberParts,
  setAside,
  withoutFiles,
} from '../../store/integrity.ts';
import type { RetentionDays } from '../../store/migrate.ts';
import { parsePartName } from '../../store/part-name.ts';
import type { Presence } from '../../store/presence.ts';
import { applyRetention } from '../../store/retention.ts';
import {
  type ActivePart,
  activeParts,
  countDamageErrors,
  detachedParts,
  failingMutations,
} from '../../store/store-parts.ts';
import type { ClockState, StoreStateFile } from '../../store/store-state.ts';
import type { StoreGuard } from '../runtime/store-guard.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createLossList } from './loss-list.ts';
import { CHECK } from './loss-text.ts';
import { type PartCheck, partChecks } from './part-checks.ts';
import { createRetentionTime } from './retention-time.ts';
import type { StoreHealth } from './store-health.ts';

const PRESENCE_MS = 2_000;
const RETENTION_MS = 3_600_000;
const FIRST_RETENTION_MS = 60_000;
const DAY_MS = 86_400_000;
const FIRST_CHECK_MS = 5_000;
const CHECK_PAUSE_MS = 3_000;
/** How much longer than a check the pause after it is. */
const CHECK_SHARE = 500;
export interface StoreGuardOptions {
  readonly engine: Engine;
  readonly state: StoreStateFile;
  /** Null for a remote store. */
  readonly presence: Presence | null;
  readonly retentionDays: RetentionDays;
  readonly durability: Durability;
  readonly telemetry: Pick<Telemetry, 'log'>;
  readonly health: StoreHealth;
  readonly now?: () => number;
  /** Monotonic, ms. */
  readonly elapsed?: () => number;
}

/** Filled and emptied by X-Ray itself; no row of theirs was ever acknowledged. */
const SCRATCH = /^(?:timeline_rebuild$|damaged_|salvaged_)/;

export function createStoreGuard(options: StoreGuardOptions): StoreGuard {
  const { engine, state, presence, health, telemetry } = options;
  const now = options.now ?? Date.now;
  const elapsed = options.elapsed ?? (() => performance.now());
  const { tasks, traces, alerts } = options.retentionDays;
  const keepMs = Math.max(tasks, traces, alerts) * DAY_MS;
  const timers = new Set<NodeJS.Timeout>();
  const isLocal = presence !== null;
  let damageErrors: number | null = null;
  let parts: readonly ActivePart[] = [];
  let closed = false;
  let checking: Promise<void> | null = null;
  let remembered = '';
  const losses = createLossList({ state, health, telemetry, now });
  const newest = (): number => parts.reduce((latest, part) => Math.max(latest, part.modified), 0);
  const clock = createRetentionTime({ state, health, keepMs, now, elapsed, newest });

  function after(ms: number, task: () => Promise<void>): void {
    if (closed) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      task().catch((error: unknown) => telemetry.log('warn', 'store-guard', { reason: String(error) }));
    }, ms);
    timer.unref();
    timers.add(timer);
  }

  function say(): void {
    losses.say();
    clock.say();
  }

  function remember(active: readonly ActivePart[]): void {
    if (!isLocal) return;
    const next = rememberParts(
      active.filter((part) => !SCRATCH.test(part.table)),
      state.state().parts,
    );
    const text = JSON.stringify(next);
    if (text !== remembered) state.set({ parts: next });
    remembered = text;
  }

  /** Retention was about to delete it, and perhaps had when X-Ray ended. */
  function isExpired(loss: FoundLoss, at: ClockState): boolean {
    const days = /^(?:otel_traces|collective_spans)$/.test(loss.table)
      ? traces
      : loss.table === 'alert_transitions'
        ? alerts
        : tasks;
    return loss.to !== null && loss.to * 1000 < at.time - days * DAY_MS;
  }

  async function look(requested: Engine, active: readonly ActivePart[]): Promise<void> {
    parts = active.filter((part) => !SCRATCH.test(part.table));
    clock.tick();
    const known = state.state().parts;
    const detached = (await requested.select(detachedParts)).filter((part) => !SCRATCH.test(part.table));
    losses.found(setAside(known, parts, detached, isLocal));
    if (isLocal) losses.found(await withoutFiles(parts, known));
    const aside = detached.map((part) => `${part.table}/${parsePartName(part.name)?.name ?? ''}`);
    losses.settleExpired(new Set([...parts.map((part) => `${part.table}/${part.name}`), ...aside]));
    remember(parts);
    const [failing] = await failingMutations(requested);
    health.set(
      'mutation',
      failing === undefined
        ? null
        : {
            state: 'degraded',
            reason: `a change of ${failing.table} fails again and again: ${failing.reason.slice(0, 300)}`,
            whatToDo: CHECK,
          },
    );
    const errors = await countDamageErrors(requested);
    const isNew = errors > (damageErrors ?? 0);
    damageErrors = errors;
    // Not awaited: the look must end while a large store is read.
    if (isNew && !closed) void check().catch(() => undefined);
  }

  async function checkOne(table: string, part: string | null): Promise<void> {
    const active = new Map(parts.map((one) => [`${one.table}/${one.name}`, one]));
    losses.found(await checkTable(engine, table, part, active, state.state().parts));
  }

  function check(): Promise<void> {
    checking ??= (async () => {
      try {
        parts = (await engine.select(activeParts)).filter((part) => !SCRATCH.test(part.table));
        if (isLocal) losses.found(await withoutFiles(parts, state.state().parts));
        for (const { table, part } of partChecks(parts))
          if (!closed) await checkOne(table, part).catch(() => undefined);
        damageErrors = await countDamageErrors(engine);
      } finally {
        checking = null;
      }
    })();
    return checking;
  }

  async function checkSlowly(rest: PartCheck[]): Promise<void> {
    const piece = rest.shift();
    const began = elapsed();
    // A part that was merged away meanwhile is no error.
    if (piece && checking === null) await checkOne(piece.table, piece.part).catch(() => undefined);
    const pause = Math.max(CHECK_PAUSE_MS, (elapsed() - began) * CHECK_SHARE);
    after(pause, () => checkSlowly(rest.length > 0 ? rest : partChecks(parts)));
  }

  async function watchDirectory(): Promise<void> {
    const gone = (await presence?.look()) ?? null;
    if (gone === null) return after(PRESENCE_MS, watchDirectory);
    const rows = parts.reduce((sum, part) => sum + part.rows, 0);
    health.set('gone', {
      state: 'down',
      reason: `${gone}; ${rows.toLocaleString('en-US')} rows were in it`,
      whatToDo: 'stop X-Ray, put the directory back from a backup, start X-Ray again',
    });
    telemetry.log('error', 'store-gone', { reason: gone, rows });
  }

  async function retain(): Promise<void> {
    const at = clock.tick();
    if (at.ahead !== null || at.behind !== null) return;
    const { cleaned } = state.state();
    const removed = await applyRetention(engine, options.retentionDays, at, cleaned);
    if (removed.length === 0) return;
    for (const { table, rows } of removed) telemetry.log('info', 'retention', { table, rows });
    state.set({ cleaned: { ...cleaned, ...Object.fromEntries(removed.map(({ table }) => [table, at.time])) } });
    await health.probe(engine);
  }

  async function retainHourly(): Promise<void> {
    try {
      await retain();
    } finally {
      after(RETENTION_MS, retainHourly);
    }
  }

  return {
    engine,
    look,
    check,
    retain,
    async compare() {
      const active = await engine.select(activeParts);
      parts = active.filter((part) => !SCRATCH.test(part.table));
      const at = clock.tick();
      if (!isLocal) return;
      const detached = await engine.select(detachedParts);
      const known = state.state().parts;
      losses.found(
        compareParts(known, active, detached).filter((loss) => !SCRATCH.test(loss.table) && !isExpired(loss, at)),
      );
      losses.found(setAside(known, active, detached, true).filter((loss) => !SCRATCH.test(loss.table)));
      if (state.fault !== null) telemetry.log('warn', 'store-state', { reason: state.fault });
      say();
    },
    start() {
      health.onParts(look);
      after(PRESENCE_MS, watchDirectory);
      after(FIRST_CHECK_MS, () => checkSlowly(partChecks(parts)));
      after(FIRST_RETENTION_MS, retainHourly);
    },
    losses: losses.all,
    clock: clock.tick,
    settle: losses.settle,
    acceptAll: losses.acceptAll,
    confirmClock: clock.confirm,
    async close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      await checking;
      try {
        remember((await engine.select(activeParts)).filter((part) => !SCRATCH.test(part.table)));
      } catch {
        // What the last look knew stays.
      }
      clock.write();
      await state.written();
    },
  };
}
