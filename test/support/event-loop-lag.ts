/**
 * The longest turn of the event loop while something goes on. A machine that others keep busy makes every turn long, so a turn counts as
 * what it took by the clock or on this thread's CPU, whichever is less.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const EVERY_MS = 5;

/** ms. */
export interface Lag {
  /** By the clock, as `monitorEventLoopDelay` has it. */
  readonly clockMs: number;
  /** CPU that this thread used in one turn. */
  readonly cpuMs: number;
  readonly worstMs: number;
}

export async function worstLag(work: () => Promise<unknown>): Promise<Lag> {
  const delay = monitorEventLoopDelay({ resolution: EVERY_MS });
  const used = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let cpuMs = 0;
  let before = used();
  const look = (): void => {
    const now = used();
    cpuMs = Math.max(cpuMs, now - before);
    before = now;
  };
  const timer = setInterval(look, EVERY_MS);
  delay.enable();
  try {
    await work();
  } finally {
    clearInterval(timer);
    look();
    delay.disable();
  }
  const clockMs = delay.max / 1e6;
  return { clockMs, cpuMs, worstMs: Math.min(clockMs, cpuMs) };
}
