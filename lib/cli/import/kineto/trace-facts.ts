/**
 * What a trace of PyTorch's profiler says beside its events: when its times begin, which rank of which run wrote it, and the
 * process groups (torch/profiler/profiler.py _get_distributed_info; distributed_c10d.py pg_config_info). All of it is optional, and
 * what of it is broken costs itself alone.
 *
 *   {"distributedInfo": {"backend": "nccl", "rank": 0, "world_size": 8, "pg_count": 2, "pg_config": [
 *      {"pg_name": "0", "pg_desc": "default_pg", "backend_config": "cuda:nccl", "pg_size": 8, "ranks": [0, ...]}, ...]},
 *    "host_name": "node-0", "baseTimeNanoseconds": 1790857026000000000}
 */
import { parseLenient } from './lenient-json.ts';
import { type Args, wholeNumber } from './trace-event.ts';

export interface ProcessGroup {
  readonly name: string;
  /** '' where it has none. */
  readonly description: string;
  readonly size: number | null;
  /** Ranks of the world; null where not all are told. */
  readonly ranks: readonly number[] | null;
  readonly backend: string;
}

export interface TraceFacts {
  readonly host: string;
  /** ns since 1970 of the file's time 0; null where the times count from 1970 themselves, or from nobody knows when. */
  readonly baseNs: bigint | null;
  readonly rank: number | null;
  readonly worldSize: number | null;
  readonly backend: string;
  readonly groups: readonly ProcessGroup[];
  /** What could not be read, as sentences. */
  readonly notes: readonly string[];
}

const isFields = (value: unknown): value is Args =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';

/** `top`: JSON text of the object without its events. */
export function decodeFacts(top: string): TraceFacts {
  const notes: string[] = [];
  const parsed = top === '' ? {} : parseLenient(top);
  const fields = isFields(parsed) ? parsed : rescue(top, notes);
  const base = fields.baseTimeNanoseconds;
  const baseText = typeof base === 'string' || typeof base === 'number' ? String(base) : '';
  const baseNs = /^\d{1,19}$/.test(baseText) ? BigInt(baseText) : 0n;
  if (base != null && baseNs === 0n && baseText !== '0')
    notes.push(`baseTimeNanoseconds is ${JSON.stringify(base).slice(0, 40)}: left out`);
  const { distributedInfo } = fields;
  const info = isFields(distributedInfo) ? distributedInfo : {};
  if (distributedInfo != null && !isFields(distributedInfo)) notes.push('distributedInfo is not an object: left out');
  const number = (name: string, value: unknown): number | null => {
    const found = wholeNumber(value);
    if (found === null && value != null)
      notes.push(`distributedInfo.${name} is ${JSON.stringify(value).slice(0, 40)}: left out`);
    return found;
  };
  const rank = number('rank', info.rank);
  const worldSize = number('world_size', info.world_size);
  return {
    host: text(fields.host_name),
    baseNs: baseNs > 0n ? baseNs : null,
    rank,
    worldSize: worldSize === 0 ? null : worldSize,
    backend: text(info.backend),
    groups: decodeGroups(info.pg_config, worldSize, notes),
    notes,
  };
}

/** A list of groups, or an object of groups by name (as the Flight Recorder writes it). */
function decodeGroups(config: unknown, worldSize: number | null, notes: string[]): ProcessGroup[] {
  if (config == null) return [];
  const entries: [string, unknown][] = Array.isArray(config)
    ? config.map((one) => ['', one])
    : isFields(config)
      ? Object.entries(config)
      : [];
  if (!Array.isArray(config) && !isFields(config)) notes.push('distributedInfo.pg_config is not a list: left out');
  const groups: ProcessGroup[] = [];
  let broken = 0;
  for (const [key, one] of entries) {
    if (!isFields(one)) {
      broken += 1;
      continue;
    }
    const name = text(one.pg_name) || text(one.name) || key || text(one.pg_id);
    const size = wholeNumber(one.pg_size ?? one.group_size ?? one.size);
    const ranks = decodeRanks(one.ranks);
    const isWorld = worldSize !== null && (size === null || size === worldSize) && ranks?.length === 0;
    groups.push({
      name,
      description: text(one.pg_desc) || text(one.desc),
      // torch leaves the list empty where a group has all ranks.
      ranks: isWorld ? Array.from({ length: worldSize }, (_, rank) => rank) : ranks?.length ? ranks : null,
      size: size ?? (ranks?.length || (isWorld ? worldSize : null)),
      backend: text(one.backend_config),
    });
  }
  if (broken > 0) notes.push(`${broken} of ${entries.length} groups of distributedInfo.pg_config are not objects`);
  return groups;
}

/** `[0, 1]`, also as text. Null where it is cut (`[0, 1, ..., 7]`) or no list of ranks. */
export function decodeRanks(value: unknown): readonly number[] | null {
  const list = typeof value === 'string' && !value.includes('...') ? parseLenient(value) : value;
  if (!Array.isArray(list)) return null;
  const ranks = list.map(wholeNumber);
  return ranks.every((rank) => rank !== null) ? ranks : null;
}

/** Of text that is no JSON: the members that can be found by their names. */
function rescue(top: string, notes: string[]): Args {
  notes.push('the JSON around the events is broken: fields were read from it by name');
  const found: Record<string, unknown> = {};
  for (const name of ['baseTimeNanoseconds', 'host_name', 'distributedInfo'] as const) {
    const at = new RegExp(`"${name}"\\s*:\\s*`).exec(top);
    if (at === null) continue;
    const value = top.slice(at.index + at[0].length);
    const end = name === 'distributedInfo' ? objectEnd(value) : (/[,}\n]/.exec(value)?.index ?? value.length);
    found[name] = parseLenient(value.slice(0, end).trim());
  }
  return found;
}

function objectEnd(value: string): number {
  let depth = 0;
  for (let i = 0; i < value.length; i++) {
    if (value[i] === '{') depth += 1;
    else if (value[i] === '}') depth -= 1;
    if (depth === 0) return i + 1;
  }
  return value.length;
}
