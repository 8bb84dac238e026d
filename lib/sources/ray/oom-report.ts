/**
 * The report of Ray's memory monitor, as it stands in error messages of tasks and actors, exit details of workers and
 * driver logs. Seven layouts are read (src/ray/raylet/node_manager.cc and, since 2.56, worker_killing_policy*.cc):
 *
 *   to 2.0     More than 95% of the memory on node h is used (7.2 / 7.44 GB). The top 10 memory consumers are: (Python's monitor)
 *   2.1        Memory on the node (IP: i, ID: n) where the task was running was 32.53GB / 33.28GB (0.97), ...
 *              Ray killed this worker (ID: w) because ...
 *   2.2-2.50   ... where the task (task ID: t, name=f, pid=p, memory used=1.25GB) was running was ...   (or actor ID: a)
 *   2.51       ... where the lease (lease ID: l, name=f, pid=p, memory used=1.25GB) was running was ...
 *   to 2.55    Ray killed 1 worker(s) based on the killing policy: [(Task: job ID=j, ..., worker ID=w)], on one line
 *   from 2.56  Considered workers: [ / Selected to kill: (Task: ...) / (Task: ...) / ], several victims
 *
 *   2.60       was 7.20GB used / 8.00GB limit (0.90); ... Memory usage 77B exceeded threshold of 68B (85.9% of 85B limit)
 *
 * All end with "Top 10 memory users". "GB" is 1024^3 bytes, printed with two decimals. What the text says of the node is read by itself,
 * so that a list of victims in a layout of tomorrow costs nothing but the list.
 */
import type { MemoryUser } from '../../model/task.ts';
import { type Bytes, bytes, gibibytes } from '../../model/units.ts';

export interface ReportedWorker {
  readonly killed: boolean;
  readonly kind: 'task' | 'actor' | 'idle_worker' | 'driver' | null;
  /** '' for an idle worker. */
  readonly name: string;
  readonly jobId: string | null;
  readonly taskId: string | null;
  readonly actorId: string | null;
  readonly workerId: string | null;
  readonly pid: number | null;
  readonly used: Bytes | null;
}

export interface OomReport {
  readonly nodeIp: string | null;
  readonly nodeId: string | null;
  readonly nodeUsed: Bytes | null;
  readonly nodeTotal: Bytes | null;
  /** Use of the node beyond which the monitor kills. */
  readonly nodeThreshold: Bytes | null;
  /** Victims and the workers that were considered and spared, in the report's order. */
  readonly workers: readonly ReportedWorker[];
  /** "Top 10 memory users" of the node, victims among them. */
  readonly users: readonly MemoryUser[];
}

/** Reports are a few KiB; what comes after this is not read. */
const MOST_CHARACTERS = 12_000;
/** Of one line of its list of processes; names in it are bounded alike, because a search for their end goes back and forth. */
const LINE_CHARACTERS = 1_000;
const IS_REPORT = /Memory on the node \(IP: ([^,)\s]+)(?:, ID: ([0-9a-f]+))?\)/;
/** ray/_private/memory_monitor.py, RayOutOfMemoryError: a host by its name, a share in percent, consumers in GiB. */
const IS_OLD = /More than (\d{1,3})% of the memory on node (\S{1,255}) is used \(([\d.]+) \/ ([\d.]+) GB\)/;
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:]+)$/i;
const HEX = /^[0-9a-f]+$/;

const gib = (text: string | undefined): Bytes | null =>
  text === undefined || !Number.isFinite(Number(text)) ? null : gibibytes(Number(text));
/** Ids of ones are nil, and old reports print NIL_ID. */
const known = (id: string | undefined): string | null => (id && HEX.test(id) && !/^f+$/.test(id) ? id : null);

/** Null where the text is not such a report. Never throws; what a layout does not say is null. */
export function parseOomReport(text: string): OomReport | null {
  const report = text.slice(0, MOST_CHARACTERS);
  const node = IS_REPORT.exec(report);
  if (!node) return parseOldReport(report);
  const rest = report.slice(node.index);
  const usage = /\b(?:was|is) ([\d.]+) ?GB(?: used)? ?\/ ?([\d.]+) ?GB/.exec(rest);
  const exact = /\busage (\d+) ?B exceed(?:ed|s)[^\d\n]{0,60}threshold of (\d+) ?B \([\d.]+% of (\d+) ?B/.exec(rest);
  const share = Number(/usage threshold of (0?\.\d+|1(?:\.0+)?)/.exec(rest)?.[1]);
  const listed = listedWorkers(rest);
  const nodeTotal = exact ? bytes(Number(exact[3])) : gib(usage?.[2]);
  return {
    nodeIp: node[1] ?? null,
    nodeId: known(node[2]),
    nodeUsed: exact ? bytes(Number(exact[1])) : gib(usage?.[1]),
    nodeTotal,
    nodeThreshold: exact
      ? bytes(Number(exact[2]))
      : nodeTotal !== null && share > 0
        ? bytes(Math.round(share * nodeTotal))
        : null,
    workers: listed.length > 0 ? listed : singleWorker(rest),
    users: memoryUsers(rest),
  };
}

function parseOldReport(report: string): OomReport | null {
  const [, percent, host = '', used, total] = IS_OLD.exec(report) ?? [];
  if (percent === undefined) return null;
  const nodeTotal = gib(total);
  return {
    nodeIp: ADDRESS.test(host) ? host : null,
    nodeId: null,
    nodeUsed: gib(used),
    nodeTotal,
    nodeThreshold: nodeTotal === null ? null : bytes(Math.round((Number(percent) / 100) * nodeTotal)),
    workers: [],
    users: memoryUsers(report),
  };
}

const LISTED =
  /(Selected to kill: )?\((Task|Actor\([0-9a-f]*\)|Driver|Worker with no lease granted): ([^\n]{0,2000}?)pid=(\d+), actual memory used=([\d.]+)GB, worker ID=([0-9a-f]+)\)/g;

/** Workers as 2.51 and later list them. Before 2.56 only victims are listed, without saying "Selected to kill". */
function listedWorkers(report: string): ReportedWorker[] {
  const found = [...report.matchAll(LISTED)];
  const says = found.some((match) => match[1] !== undefined);
  return found.map((match) => {
    const [, selected, what = '', details = '', pid, used, worker] = match;
    const kind =
      what === 'Task' ? 'task' : what === 'Driver' ? 'driver' : what.startsWith('Actor') ? 'actor' : 'idle_worker';
    return {
      killed: selected !== undefined || !says,
      kind,
      name: /task name=(.*?)(?:, required resources=|, $)/.exec(details)?.[1] ?? '',
      jobId: known(/job ID=([0-9a-f]+)/.exec(details)?.[1]),
      taskId: null,
      actorId: known(/^Actor\(([0-9a-f]+)\)/.exec(what)?.[1]),
      workerId: known(worker),
      pid: Number(pid),
      used: gib(used),
    };
  });
}

/** The one victim of reports before 2.51. A lease of a constructor is an actor's. */
function singleWorker(report: string): ReportedWorker[] {
  const worker = /Ray killed this worker \(ID: ([0-9a-f]+)\)/.exec(report);
  const reported =
    /where the (task|actor|lease) \((task|actor|lease) ID: (\w+), name=([^\n]{0,2000}?), pid=(\d+), memory used=([\d.]+)GB\)/.exec(
      report,
    );
  if (!worker && !reported) return [];
  const name = reported?.[4] ?? '';
  const isActor = reported?.[2] === 'actor' || (reported?.[2] === 'lease' && name.endsWith('.__init__'));
  return [
    {
      killed: true,
      kind: reported ? (isActor ? 'actor' : 'task') : null,
      name,
      jobId: null,
      taskId: reported?.[2] === 'task' ? known(reported[3]) : null,
      actorId: reported?.[2] === 'actor' ? known(reported[3]) : null,
      workerId: known(worker?.[1]),
      pid: reported ? Number(reported[5]) : null,
      used: gib(reported?.[6]),
    },
  ];
}

/** Lines `PID MEM(GB) COMMAND`; driver logs before 2.56 put them on one line, parted by commas. */
function memoryUsers(report: string): MemoryUser[] {
  const begin = /[Tt]op 10 memory (?:users|consumers are):\s*PID\s+MEM(?:\(GB\))?\s+COMMAND/.exec(report);
  if (!begin) return [];
  const section = report.slice(begin.index + begin[0].length).split('Refer to the documentation')[0] ?? '';
  return section.split(/\n|, (?=\d+\s+\d+\.\d+)/).flatMap((line) => {
    const match = /^[\s,]*(\d+)\s+(\d+\.\d+)(?:GiB)?(?:\s+(.*?))?[\s,]*$/.exec(line.slice(0, LINE_CHARACTERS));
    return match ? [{ pid: Number(match[1]), used: gibibytes(Number(match[2])), name: match[3] ?? '' }] : [];
  });
}
