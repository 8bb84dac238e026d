/**
 * Which bodies are let in: as many as can be stored within some seconds, by the rate at which rows were stored lately.
 * What is beyond is refused at once, with when to try again, while its sender still waits for the answer; exporters give
 * up after 10 s (OpenTelemetry) or 3 s (Ray's aggregator) and send the same again, so that a longer queue stores copies.
 *
 *   waiting bytes |==== sender a ====|== b ==|          | limit = rate * seconds
 *                                               ^ room for one who has nothing waiting: up to half as much again
 *
 * Bytes are those of rows: known once a body is parsed, and until then estimated from others of its kind.
 */
import { ProblemError } from '../http/problem.ts';
import type { Sender } from './fair-queue.ts';

/** Bytes of rows per second: assumed at the start, and never assumed to be less. */
const FIRST_RATE = 10_000_000;
const LEAST_RATE = 1_000_000;
/** The rate is measured while at least so much waits: else it would be that of the senders. */
const BUSY_BYTES = 1_000_000;
const SAMPLE_MS = 500;
/** How fast the estimate follows, seconds. */
const FOLLOW_S = 4;
/** Of what the limit allows, what a sender that is alone may take, and all of them together. */
const ALONE = 0.75;
const TOGETHER = 1.5;
/** Bytes in memory of bodies that wait, whatever the rate. */
const MEMORY_BYTES = 192 * 1024 ** 2;
const MOST_WAITING = 2_000;
/** Senders whose expansion is remembered. */
const MOST_KNOWN = 10_000;
const MOST_RETRY_S = 30;
/** Bytes of rows per byte of a body, until some were seen. */
const EXPANSION = { gzip: 12, identity: 1.5 } as const;

export interface Arrival {
  readonly sender: Sender;
  /** As it came. */
  readonly bytes: number;
  /** What bodies of this kind have in common: `otlp protobuf gzip`. A closed set. */
  readonly kind: string;
  readonly gzip: boolean;
  /** How long its sender waits, at most; null: as long as it takes (a caller in this process, which waits for its answer). */
  readonly waitSeconds: number | null;
}

export interface Ticket {
  /** What the body turned out to be. */
  readonly weigh: (rowBytes: number) => void;
  /** Once, at the end. */
  readonly leave: (stored: boolean) => void;
}

export interface Admission {
  /** Throws ProblemError 429 with Retry-After where the body would be refused now. */
  readonly check: (arrival: Arrival) => void;
  /** The same, and counts it as waiting. */
  readonly enter: (arrival: Arrival) => Ticket;
  /** Bytes of rows that are stored per second, as estimated. */
  readonly rate: () => number;
  readonly waitingBytes: () => number;
}

interface Waiting {
  bytes: number;
  readonly names: Map<string, number>;
}

export function createAdmission(now: () => number = () => performance.now()): Admission {
  const senders = new Map<string, Waiting>();
  const expansion = new Map<string, number>();
  let total = 0;
  let held = 0;
  let count = 0;
  let estimate = FIRST_RATE;
  let busySince: number | null = null;
  let doneBytes = 0;
  /** Bytes of rows that are parsed and not stored. */
  let parsed = 0;

  /** Falls while parsed rows wait and none are stored, without waiting for a sample. */
  function rate(): number {
    if (busySince === null || parsed < BUSY_BYTES) return estimate;
    const elapsed = (now() - busySince) / 1000;
    return elapsed > 2 * FOLLOW_S ? Math.min(estimate, Math.max(LEAST_RATE, doneBytes / elapsed)) : estimate;
  }

  function sample(bytes: number, stored: boolean): void {
    if (busySince === null) return;
    if (!stored) {
      // A body that was refused took its time from others: what was measured meanwhile says nothing of the store.
      busySince = now();
      doneBytes = 0;
      return;
    }
    doneBytes += bytes;
    const elapsed = now() - busySince;
    if (elapsed < SAMPLE_MS) return;
    const weight = Math.min(1, elapsed / 1000 / FOLLOW_S);
    estimate = Math.max(LEAST_RATE, estimate + weight * ((doneBytes * 1000) / elapsed - estimate));
    busySince = now();
    doneBytes = 0;
  }

  function add(sender: Sender, bytes: number): void {
    total += bytes;
    const waiting = senders.get(sender.address) ?? { bytes: 0, names: new Map() };
    senders.set(sender.address, waiting);
    waiting.bytes += bytes;
    const name = (waiting.names.get(sender.name) ?? 0) + bytes;
    if (name > 0) waiting.names.set(sender.name, name);
    else waiting.names.delete(sender.name);
    if (waiting.names.size === 0) senders.delete(sender.address);
    if (total < BUSY_BYTES) busySince = null;
    else if (busySince === null) {
      busySince = now();
      doneBytes = 0;
    }
  }

  // By sender: one whose bodies expand a hundredfold says nothing of the others'.
  const expansionKey = ({ sender, kind }: Arrival): string => `${sender.address} ${kind}`;
  const estimated = (arrival: Arrival): number =>
    Math.ceil(
      (arrival.bytes + 1) *
        (expansion.get(expansionKey(arrival)) ?? (arrival.gzip ? EXPANSION.gzip : EXPANSION.identity)),
    );

  function learn(arrival: Arrival, rowBytes: number): void {
    const key = expansionKey(arrival);
    const measured = rowBytes / (arrival.bytes + 1);
    const before = expansion.get(key);
    if (before === undefined && expansion.size >= MOST_KNOWN) expansion.clear();
    expansion.set(key, before === undefined ? measured : 0.8 * before + 0.2 * measured);
  }

  function check(arrival: Arrival): void {
    if (count === 0 || arrival.waitSeconds === null) return;
    const bytes = estimated(arrival);
    const limit = rate() * arrival.waitSeconds;
    const waiting = senders.get(arrival.sender.address);
    const ofName = waiting?.names.get(arrival.sender.name) ?? 0;
    const addresses = senders.size + (waiting ? 0 : 1);
    const names = (waiting?.names.size ?? 0) + (ofName > 0 ? 0 : 1);
    const share = (limit * (addresses * names === 1 ? ALONE : 1)) / addresses;
    const has = waiting?.bytes ?? 0;
    const fits = has === 0 || (has + bytes <= share && (ofName === 0 || ofName + bytes <= share / names));
    // Who has nothing waiting gets a share whatever others hold; and one body that alone is more than the limit gets in
    // too, or it never would.
    const room =
      (has === 0 && bytes <= limit / addresses) ||
      total + Math.min(bytes, has === 0 ? limit / 2 : bytes) <= limit * TOGETHER;
    if (fits && room && held + arrival.bytes <= MEMORY_BYTES && count < MOST_WAITING) return;
    const seconds = Math.ceil((total + bytes - limit) / rate());
    const retryAfter = Math.max(1, Math.min(MOST_RETRY_S, seconds));
    throw new ProblemError(
      'overloaded',
      `${Math.round(total)} bytes of rows wait to be stored at ${Math.round(rate())} bytes/s, ${Math.round(has)} of them from this sender, which is all that ${arrival.waitSeconds} s allow: send this again in ${retryAfter} s`,
      { headers: { 'retry-after': String(retryAfter) } },
    );
  }

  return {
    check,
    enter(arrival) {
      check(arrival);
      const { sender } = arrival;
      let bytes = estimated(arrival);
      let memory = arrival.bytes;
      let isParsed = false;
      count += 1;
      held += memory;
      add(sender, bytes);
      return {
        weigh(rowBytes) {
          learn(arrival, rowBytes);
          add(sender, Math.max(1, rowBytes) - bytes);
          bytes = Math.max(1, rowBytes);
          held += rowBytes - memory;
          memory = rowBytes;
          parsed += bytes;
          isParsed = true;
        },
        leave(stored) {
          sample(bytes, stored);
          if (isParsed) parsed -= bytes;
          count -= 1;
          held -= memory;
          add(sender, -bytes);
        },
      };
    },
    rate,
    waitingBytes: () => total,
  };
}
