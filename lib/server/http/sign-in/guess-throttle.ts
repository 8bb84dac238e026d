/**
 * Slows down guesses of the token. Windows are fixed, per address and for all addresses together; memory is bounded.
 *
 *   one address     `perAddress` wrong tokens a window, then 429 until the window ends
 *   all addresses   after `global` wrong tokens a window each address has one try a window left
 *
 * An address that has sent no wrong token is always heard, so that guesses from elsewhere lock nobody out. One that lately
 * proved the token (programs behind the same proxy as a guesser) has `provedTimes` as many tries.
 */

export interface GuessLimits {
  readonly windowMs: number;
  readonly perAddress: number;
  readonly global: number;
  /** 1: to have been right gives no more tries. */
  readonly provedTimes: number;
  /** Addresses remembered; beyond, the oldest is forgotten and tries are as few as after `global`. */
  readonly mostAddresses: number;
}

export interface GuessThrottle {
  /** Whole seconds until this address is heard again; 0: now. */
  readonly waitS: (address: string) => number;
  readonly wrong: (address: string) => void;
  readonly right: (address: string) => void;
}

interface Entry {
  endMs: number;
  wrong: number;
  provedUntilMs: number;
}

const PROVED_FOR_WINDOWS = 10;

/** `now`: a monotonic clock in ms. */
export function createGuessThrottle(limits: GuessLimits, now = () => performance.now()): GuessThrottle {
  // In the order in which windows began, which is that in which they end.
  const entries = new Map<string, Entry>();
  let all = { endMs: 0, wrong: 0 };

  const isStrained = (at: number): boolean =>
    (at < all.endMs && all.wrong >= limits.global) || entries.size >= limits.mostAddresses;

  function forget(at: number): void {
    for (const [address, entry] of entries) {
      const isOver = entry.endMs <= at && entry.provedUntilMs <= at;
      if (!isOver && entries.size < limits.mostAddresses) break;
      entries.delete(address);
    }
  }

  function entryOf(address: string, at: number): Entry {
    const found = entries.get(address);
    if (found !== undefined && found.endMs > at) return found;
    entries.delete(address);
    forget(at);
    const made = { endMs: at + limits.windowMs, wrong: 0, provedUntilMs: found?.provedUntilMs ?? 0 };
    entries.set(address, made);
    return made;
  }

  return {
    waitS(address) {
      const at = now();
      const entry = entries.get(address);
      if (entry === undefined || entry.endMs <= at || entry.wrong === 0) return 0;
      const most = isStrained(at) ? 1 : limits.perAddress;
      const isProved = entry.provedUntilMs > at && limits.provedTimes > 1;
      const allowed = isProved ? limits.perAddress * limits.provedTimes : most;
      return entry.wrong < allowed ? 0 : Math.max(1, Math.ceil((entry.endMs - at) / 1000));
    },
    wrong(address) {
      const at = now();
      entryOf(address, at).wrong++;
      if (at >= all.endMs) all = { endMs: at + limits.windowMs, wrong: 0 };
      all.wrong++;
    },
    right(address) {
      const at = now();
      const entry = entries.get(address);
      // Every good request comes here: a new window only where there is something to remember.
      if (entry !== undefined && entry.provedUntilMs - at > limits.windowMs) return;
      (entry ?? entryOf(address, at)).provedUntilMs = at + PROVED_FOR_WINDOWS * limits.windowMs;
    },
  };
}
