/**
 * What the engine in process is told at its start, chosen for a machine of two cores and 4 GB that mostly gets a few rows a second
 * (lib/decisions/0017 has the figures). Server and MergeTree settings go through a configuration file, because a query can no longer
 * set them; settings of statements go as arguments and hold for every connection.
 */
import { writeFileSync } from 'node:fs';

/**
 * A part is merged with others from this many on, and with a larger one only where all together are this many times its size. By
 * default two or three tiny parts merge at once, and each time with the largest one beside them as long as that is under 5 MB: a quiet
 * store wrote 4,000 rows again for 40 that came in. The timeline's tables say otherwise (warm-marks.ts).
 */
const PARTS_TO_MERGE = 16;
const TIMES_THE_LARGEST = 12;

/** https://clickhouse.com/docs/operations/server-configuration-parameters/settings; bytes where nothing else is said. */
const SERVER: Readonly<Record<string, number>> = {
  // Limits, not reservations: 5 GB each by default.
  mark_cache_size: 256 * 1024 ** 2,
  index_mark_cache_size: 64 * 1024 ** 2,
  primary_index_cache_size: 128 * 1024 ** 2,
  query_condition_cache_size: 32 * 1024 ** 2,
  compiled_expression_cache_size: 32 * 1024 ** 2,
  // Share of the machine's memory: 0.9 leaves Node none of it.
  max_server_memory_usage_to_ram_ratio: 0.5,
  merges_mutations_memory_usage_to_ram_ratio: 0.25,
  // Threads that wait for work; 1000 by default.
  max_thread_pool_free_size: 16,
  // Nothing here asks for another host's name, or reads metrics of the engine's own (s).
  dns_cache_update_period: 3600,
  asynchronous_metrics_update_period_s: 60,
};

/** https://clickhouse.com/docs/operations/settings/merge-tree-settings, of every table that does not say otherwise. */
const MERGE_TREE: Readonly<Record<string, number | string>> = {
  min_parts_to_merge_at_once: PARTS_TO_MERGE,
  merge_selector_base: TIMES_THE_LARGEST,
  // Takes away parts under a hundredth of the whole once a range was allowed for their number: what is left is the largest and one more.
  merge_selector_enable_heuristic_to_remove_small_parts_at_right: 0,
  // Made for every part that is written, and no question of X-Ray's asks for them.
  auto_statistics_types: '',
};

const STATEMENTS: Readonly<Record<string, number>> = {
  // Parameters are part of a statement (chdb.ts): some are lists of what a job has, and 256 KiB, the default, are 12,000 numbers.
  max_query_size: 16 * 1024 ** 2,
  // No log of queries is kept, so nobody reads what timers and counters of each thread would say.
  log_queries: 0,
  log_processors_profiles: 0,
  query_profiler_real_time_period_ns: 0,
  query_profiler_cpu_time_period_ns: 0,
};

const elements = (settings: Readonly<Record<string, number | string>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join('\n');

/** Writes the configuration to `file`; arguments of a connection (chdb's `connectionArgs`). Throws where it cannot be written. */
export function engineArguments(file: string): readonly string[] {
  writeFileSync(
    file,
    `<clickhouse>\n${elements(SERVER)}\n<merge_tree>\n${elements(MERGE_TREE)}\n</merge_tree>\n</clickhouse>\n`,
    { mode: 0o600 },
  );
  return [`--config-file=${file}`, ...Object.entries(STATEMENTS).map(([name, value]) => `--${name}=${value}`)];
}
