/**
 * Names of metrics stay in the room of the system that exports them: lib/sources reads them, lib/demo pretends to be their exporters, and
 * the alert rules (lib/server/rules/xray.rules.yml) are PromQL for an operator's Prometheus. X-Ray's own metrics are its own. Names of
 * labels and of tables (xray.ray_jobs) are no names of metrics.
 */
import { expect, it } from 'vitest';
import { literalText, productFiles, textOfFile, walkSyntax } from './syntax.ts';

/** dcgm-exporter, NCCL Inspector, node_exporter, Ray, AMD, cAdvisor, kube-state-metrics, serving engines. */
const METRIC = new RegExp(
  `\\b(?:${[
    'DCGM_FI_',
    'nccl_(?:bus|collective|alg)',
    'node_(?:memory|cpu|network|disk|filesystem|infiniband|textfile|load|uname|boot|vmstat|pressure)[_\\d]',
    'ray_(?:node|object_store|memory_manager|tasks|component|gcs|internal|resources|running|serve|data|health)(?![a-z])(?!s\\b)',
    'gpu_(?:used|total|free|gfx|umc|junction|power|edge|health|clock|ecc)_',
    '(?:amd|habanalabs|container|kube|rocm|nvidia_smi|vllm|sglang|triton|cadvisor)[_:][a-z]+_[a-z_]*',
  ].join('|')})`,
);
const isAtHome = (file: string): boolean => /^lib\/(?:sources|demo)\//.test(file);

function metricNames(file: string, text: string): readonly string[] {
  const found: string[] = [];
  walkSyntax(file, text, (node, line) => {
    const name = METRIC.exec(literalText(node) ?? '')?.[0];
    if (name !== undefined) found.push(`${file}:${line}: ${name}`);
  });
  return found;
}

it.each([
  "const used = 'DCGM_FI_DEV_FB_USED';",
  'const promql = `rate(ray_node_network_sent[5m])`;',
  "ask('node_memory_MemAvailable_bytes');",
  "say('set nccl_bus_bandwidth_gbs');",
  '/^amd_gpu_used_vram$/.test(name);',
  "['container_memory_working_set_bytes', 1];",
  "x = 'vllm:num_requests_running';",
])('finds %s', (code) => expect(metricNames('a.tsx', code)).toHaveLength(1));

it.each([
  "engine.insert('xray.ray_nodes', []);",
  "engine.insert('xray.ray_job_counts', []);",
  "const label = labels['ray_io_cluster'] ?? labels['ray_train_worker_world_rank'];",
  "row['node_id'] + row['gpu_index'];",
  "metric('xray_store_queries_total');",
  '// DCGM_FI_DEV_FB_USED',
])('passes over %s', (code) => expect(metricNames('a.tsx', code)).toEqual([]));

it('are nowhere but in lib/sources and lib/demo', () => {
  const files = productFiles();
  expect(files.filter(isAtHome).flatMap((file) => metricNames(file, textOfFile(file))).length).toBeGreaterThan(50);
  expect(files.filter((file) => !isAtHome(file)).flatMap((file) => metricNames(file, textOfFile(file)))).toEqual([]);
});
