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
  type ActivePart,
  activeParts,
  checkTable,
  compareParts,
  countDamageErrors,
  detachedParts,
  type FoundLoss,
  failingMutations,
  rememberParts,
  setAside,
  withoutFiles,
} from '../../store/integrity.ts';
import type { RetentionDays } from '../../store/migrate.ts';
import { parsePartName } from '../../store/part-name.ts';
import type { Presence } from '../../store/presence.ts';
import { applyRetention } from '../../store/retention.ts';
import { advanceClock, confirmClock, startClock } from '../../store/retention-clock.ts';
import type { ClockState, Loss, StoreStateFile } from '../../store/store-state.ts';
import type { Telemetry } from '../telemetry.ts';
import { CHECK, clockWords, lossWords } from './loss-words.ts';
import type { StoreHealth } from './store-health.ts';

const PRESENCE_MS = 2_000;
const RETENTION_MS = 3_600_000;
const FIRST_RETENTION_MS = 60_000;
const DAY_MS = 86_400_000;
/** Tables up to this size are read whole; of larger ones, part after part. */
const WHOLE_TABLE_BYTES = 64 * 1024 ** 2;
const FIRST_CHECK_MS = 5_000;
const CHECK_PAUSE_MS = 3_000;
/** How much longer than a check the pause after it is. */
const CHECK_SHARE = 500;
/** Losses that are written down one by one; settled ones go first. */
const MOST_LOSSES = 10_000;

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

export interface StoreGuard {
  /** Before migrations: what was known and is gone. */
  readonly compare: () => Promise<void>;
  /** From now on everything is watched. */
  readonly start: () => void;
  /** One look at parts; called by the health's probe. */
  readonly look: (engine: Engine, parts: readonly ActivePart[]) => Promise<void>;
  /** Reads every part now. */
  readonly check: () => Promise<void>;
  /** One round of retention now, where the clock is plausible. */
  readonly retain: () => Promise<void>;
  readonly losses: () => readonly Loss[];
  readonly clock: () => ClockState;
  readonly settle: (
    id: string,
    state: Loss['state'],
    rows: number | null,
    reason: string,
    cause?: Loss['cause'],
  ) => void;
  readonly acceptAll: () => void;
  readonly confirmClock: () => void;
  readonly engine: Engine;
  readonly close: () => Promise<void>;
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
  let lastElapsed = elapsed();
  let clock: ClockState | null = state.state().clock;
  let damageErrors: number | null = null;
  let parts: readonly ActivePart[] = [];
  let closed = false;
  let checking: Promise<void> | null = null;
  let remembered = '';

  function after(ms: number, task: () => Promise<void>): void {
    if (closed) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      task().catch((error: unknown) => telemetry.log('warn', 'store-guard', { reason: String(error) }));
    }, ms);
    timer.unref();
    timers.add(timer);
  }

  /** New losses are written down; known ones stay as they were settled. */
  function found(losses: readonly FoundLoss[]): void {
    const all = new Map(state.state().losses.map((loss) => [loss.id, loss]));
    let changed = false;
    for (const loss of losses) {
      if (all.has(loss.id)) continue;
      all.set(loss.id, { ...loss, found: now(), state: 'open', settled: null });
      const { table, part, rows, reason } = loss;
      telemetry.log('error', 'store-loss', { table, part, rows, reason });
      changed = true;
    }
    if (!changed) return;
    // Too many: settled ones go first, oldest first.
    const list = [...all.values()].sort(
      (a, b) => Number(b.state === 'open') - Number(a.state === 'open') || b.found - a.found,
    );
    state.set({ losses: list.slice(0, MOST_LOSSES).sort((a, b) => a.found - b.found) });
    say();
  }

  function say(): void {
    const { losses } = state.state();
    const sentence = lossWords(losses.filter((loss) => loss.state === 'open'));
    health.set('loss', sentence === null ? null : { state: 'degraded', ...sentence });
    const lost = losses.filter((loss) => loss.state === 'open' || loss.state === 'accepted');
    if (lost.length > 0)
      health.detail(
        'lostRows',
        lost.reduce((sum, loss) => sum + (loss.rows ?? 0), 0),
      );
    const wrong = clock === null ? null : clockWords(clock, now());
    health.set('clock', wrong === null ? null : { state: 'degraded', ...wrong });
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

  /** Retention's clock as it is now; written down when it says something new, and every hour. */
  function tick(): ClockState {
    const at = elapsed();
    const passed = Math.max(0, at - lastElapsed);
    lastElapsed = at;
    const newest = parts.reduce((latest, part) => Math.max(latest, part.modified), 0);
    const next =
      clock === null
        ? startClock(now(), newest === 0 ? null : newest * 1000)
        : advanceClock(clock, now(), passed, keepMs);
    const kept = state.state().clock;
    const isNews =
      kept === null ||
      (kept.ahead === null) !== (next.ahead === null) ||
      (kept.behind === null) !== (next.behind === null) ||
      Math.abs(next.time - kept.time) >= RETENTION_MS;
    clock = next;
    if (isNews) state.set({ clock: next });
    say();
    return next;
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

  async function look(asked: Engine, active: readonly ActivePart[]): Promise<void> {
    parts = active.filter((part) => !SCRATCH.test(part.table));
    tick();
    const known = state.state().parts;
    const detached = (await asked.select(detachedParts)).filter((part) => !SCRATCH.test(part.table));
    found(setAside(known, parts, detached, isLocal));
    if (isLocal) found(await withoutFiles(parts, known));
    settleExpired(detached.map((part) => `${part.table}/${parsePartName(part.name)?.name ?? ''}`));
    remember(parts);
    const [failing] = await failingMutations(asked);
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
    const errors = await countDamageErrors(asked);
    const isNew = errors > (damageErrors ?? 0);
    damageErrors = errors;
    // Not awaited: the look must end while a large store is read.
    if (isNew && !closed) void check().catch(() => undefined);
  }

  /** A damaged part that retention has removed meanwhile is no open loss any more. */
  function settleExpired(detached: readonly string[]): void {
    const there = new Set([...parts.map((part) => `${part.table}/${part.name}`), ...detached]);
    for (const loss of state.state().losses)
      if (loss.state === 'open' && loss.cause === 'damaged' && !there.has(loss.id))
        settle(loss.id, 'expired', loss.rows, loss.reason);
  }

  function settle(id: string, to: Loss['state'], rows: number | null, reason: string, cause?: Loss['cause']): void {
    state.set({
      losses: state
        .state()
        .losses.map((loss) =>
          loss.id === id ? { ...loss, cause: cause ?? loss.cause, state: to, rows, reason, settled: now() } : loss,
        ),
    });
    say();
  }

  async function checkOne(table: string, part: string | null): Promise<void> {
    const active = new Map(parts.map((one) => [`${one.table}/${one.name}`, one]));
    found(await checkTable(engine, table, part, active, state.state().parts));
  }

  /** What to read one after the other: small tables whole. */
  function pieces(): { table: string; part: string | null }[] {
    const tables = new Map<string, ActivePart[]>();
    for (const part of parts) {
      const list = tables.get(part.table);
      if (list) list.push(part);
      else tables.set(part.table, [part]);
    }
    return [...tables].flatMap(([table, list]): { table: string; part: string | null }[] =>
      list.reduce((sum, part) => sum + part.bytes, 0) <= WHOLE_TABLE_BYTES
        ? [{ table, part: null }]
        : list.map((part) => ({ table, part: part.name })),
    );
  }

  function check(): Promise<void> {
    checking ??= (async () => {
      try {
        parts = (await engine.select(activeParts)).filter((part) => !SCRATCH.test(part.table));
        if (isLocal) found(await withoutFiles(parts, state.state().parts));
        for (const { table, part } of pieces()) if (!closed) await checkOne(table, part).catch(() => undefined);
        damageErrors = await countDamageErrors(engine);
      } finally {
        checking = null;
      }
    })();
    return checking;
  }

  async function checkSlowly(rest: { table: string; part: string | null }[]): Promise<void> {
    const piece = rest.shift();
    const began = elapsed();
    // A part that was merged away meanwhile is no error.
    if (piece && checking === null) await checkOne(piece.table, piece.part).catch(() => undefined);
    const pause = Math.max(CHECK_PAUSE_MS, (elapsed() - began) * CHECK_SHARE);
    after(pause, () => checkSlowly(rest.length > 0 ? rest : pieces()));
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
    const at = tick();
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
    settle,
    async compare() {
      const active = await engine.select(activeParts);
      parts = active.filter((part) => !SCRATCH.test(part.table));
      const at = tick();
      if (!isLocal) return;
      const detached = await engine.select(detachedParts);
      const known = state.state().parts;
      found(compareParts(known, active, detached).filter((loss) => !SCRATCH.test(loss.table) && !isExpired(loss, at)));
      found(setAside(known, active, detached, true).filter((loss) => !SCRATCH.test(loss.table)));
      if (state.fault !== null) telemetry.log('warn', 'store-state', { reason: state.fault });
      say();
    },
    start() {
      health.onParts(look);
      after(PRESENCE_MS, watchDirectory);
      after(FIRST_CHECK_MS, () => checkSlowly(pieces()));
      after(FIRST_RETENTION_MS, retainHourly);
    },
    losses: () => state.state().losses,
    clock: () => tick(),
    acceptAll() {
      for (const loss of state.state().losses)
        if (loss.state === 'open') settle(loss.id, 'accepted', loss.rows, loss.reason);
    },
    confirmClock() {
      clock = confirmClock(tick(), now());
      state.set({ clock });
      say();
    },
    async close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      await checking;
      try {
        remember((await engine.select(activeParts)).filter((part) => !SCRATCH.test(part.table)));
      } catch {
        // What the last look knew stays.
      }
      if (clock !== null) state.set({ clock });
      await state.written();
    },
  };
}
