/** What a process and its children take, from /proc: CPU seconds by thread, resident memory, threads and open files. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of a stat file per second: sysconf(_SC_CLK_TCK), 100 wherever Node runs on Linux. */
const TICKS = 100;

export interface ProcessUse {
  readonly pid: number;
  /** CPU seconds of each thread name since it began; what ended is in `cpuS` only. */
  readonly threadsS: ReadonlyMap<string, number>;
  readonly cpuS: number;
  readonly residentMb: number;
  readonly threads: number;
  readonly openFiles: number;
}

const read = (path: string): string => readFileSync(path, 'utf8');
/** Fields of a stat file from the state on: a name may hold blanks and parentheses. */
const statFields = (text: string): string[] => text.slice(text.lastIndexOf(')') + 2).split(' ');
const cpuOf = (fields: readonly string[]): number => (Number(fields[11]) + Number(fields[12])) / TICKS;

/** Throws where the process has ended. */
export function processUse(pid: number): ProcessUse {
  const threadsS = new Map<string, number>();
  let threads = 0;
  for (const tid of readdirSync(`/proc/${pid}/task`))
    try {
      const name = Number(tid) === pid ? 'JavaScript' : read(`/proc/${pid}/task/${tid}/comm`).trim();
      const cpu = cpuOf(statFields(read(`/proc/${pid}/task/${tid}/stat`)));
      threadsS.set(name, (threadsS.get(name) ?? 0) + cpu);
      threads += 1;
    } catch {
      // A thread that ended meanwhile.
    }
  return {
    pid,
    threadsS,
    cpuS: cpuOf(statFields(read(`/proc/${pid}/stat`))),
    residentMb: (Number(/VmRSS:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1]) * 1024) / 1e6,
    threads,
    openFiles: readdirSync(`/proc/${pid}/fd`).length,
  };
}

/** Command lines of the children of a process, and of theirs, by process id. */
export function descendants(pid: number): ReadonlyMap<number, readonly string[]> {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const parent = Number(statFields(read(`/proc/${entry}/stat`))[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    } catch {
      // A process that ended meanwhile.
    }
  }
  const found = new Map<number, readonly string[]>();
  const queue = [...(children.get(pid) ?? [])];
  for (let child = queue.pop(); child !== undefined; child = queue.pop()) {
    try {
      found.set(child, read(`/proc/${child}/cmdline`).split('\0').filter(Boolean));
      queue.push(...(children.get(child) ?? []));
    } catch {
      // As above.
    }
  }
  return found;
}

/** Least squares over (seconds, value): how much the value grows in an hour. */
export function slopePerHour(samples: readonly (readonly [seconds: number, value: number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
  const [meanS, meanValue] = [mean(samples.map(([s]) => s)), mean(samples.map(([, value]) => value))];
  let [over, under] = [0, 0];
  for (const [s, value] of samples) {
    over += (s - meanS) * (value - meanValue);
    under += (s - meanS) ** 2;
  }
  return (over / under) * 3600;
}
