/** Use case of GET /api/jobs/{jobId}/strips: CPU, memory and GPU of the job's nodes on the timeline's clock. */
import type { StripsWire } from '../../contract/timeline.ts';
import type { SourceNoticeWire } from '../../contract/wire-values.ts';
import type { SeriesGrid } from '../../model/series.ts';
import { milliseconds } from '../../model/units.ts';
import { dcgmNodeGpu, type NodeMetric, rayNodeMetrics } from '../../sources/prometheus/node-metrics.ts';
import { nodeNames, nodesOfJob } from '../../store/queries/timeline/timeline.ts';
import { noticeOf } from '../alerts/alerts.ts';
import { grouped } from '../clusters/known-clusters.ts';
import { ProblemError } from '../http/problem.ts';
import { type JobQuery, resolveJob } from '../jobs/jobs.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** Ray's agents are scraped every 5 s at the fastest: a finer grid would only repeat samples. */
const FINEST_STEP_MS = 5_000;

/** Nodes whose lines are drawn, and raylets that the name of one line names. */
const MOST_NODES = 500;
const MOST_NAMES = 8;
const BY_NAME = new Intl.Collator('en', { numeric: true });

interface StripsQuery extends JobQuery {
  readonly from: bigint;
  readonly to: bigint;
  readonly points: number;
}

export async function getStrips(runtime: Runtime, query: StripsQuery, signal: AbortSignal): Promise<StripsWire> {
  if (query.to <= query.from)
    throw new ProblemError(
      'invalid-parameter',
      `parameter "to" is ${query.to}: it must be after "from", ${query.from}`,
    );
  const job = await resolveJob(runtime, query);
  const [nodes, used] = await Promise.all([
    runtime.engine.select(nodeNames, { session: job.session }),
    runtime.engine.select(nodesOfJob, { session: job.session, job: job.job_id }),
  ]);
  const ran = new Set(used.map((row) => row.node_id));
  const there = nodes.filter((node) => ran.has(node.node_id) && node.ip !== '');
  const own = there.slice(0, MOST_NODES);
  // Raylets that share a host share its measurements: one line carries all their names.
  const names = new Map<string, string>();
  for (const [ip, raylets] of grouped(own, (node) => node.ip)) {
    const shown = raylets.slice(0, MOST_NAMES).map(({ name }) => name || ip);
    names.set(
      ip,
      [...shown, ...(raylets.length > MOST_NAMES ? [`${raylets.length - MOST_NAMES} more`] : [])].join(', '),
    );
  }
  const notices: SourceNoticeWire[] = [];
  if (there.length > MOST_NODES)
    notices.push({
      source: 'prometheus',
      kind: 'partial',
      message: `the job ran on ${there.length.toLocaleString('en-US')} nodes; metrics of the first ${MOST_NODES} are shown`,
      whatToDo: null,
    });
  if (names.size === 0) {
    notices.push({
      source: 'prometheus',
      kind: 'nothing-measured',
      message: 'no address is known of the nodes of this job, so no metric can be found for them',
      whatToDo:
        'Export NODE_DEFINITION_EVENT and NODE_LIFECYCLE_EVENT (RAY_DASHBOARD_AGGREGATOR_AGENT_EXPOSABLE_EVENT_TYPES) or set RAY_DASHBOARD_URL.',
    });
    return { cpu: null, memory: null, gpu: null, notices };
  }
  const from = milliseconds(Math.min(Number(query.from / 1_000_000n), Date.now() - FINEST_STEP_MS));
  // Beyond now Prometheus would repeat the newest sample for its look-back: that is no measurement.
  const to = milliseconds(Math.min(Number(query.to / 1_000_000n), Date.now()));
  const step = milliseconds(Math.max(FINEST_STEP_MS, Math.ceil((to - from) / query.points / 1000) * 1000));

  const ask = async ({ name, promql }: NodeMetric): Promise<SeriesGrid | null> => {
    try {
      const answer = await runtime.prometheus.range({ name, promql, from, to, step }, signal);
      for (const warning of answer.warnings)
        notices.push({ source: 'prometheus', kind: 'partial', message: warning, whatToDo: null });
      return answer.data;
    } catch (error) {
      if (signal.aborted) throw error;
      const notice = noticeOf('prometheus', error);
      if (!notices.some((said) => said.kind === notice.kind && notice.kind !== 'refused')) notices.push(notice);
      return null;
    }
  };
  const metrics = rayNodeMetrics(job.session, [...names.keys()]);
  const [cpu, memory, rayGpu] = await Promise.all([ask(metrics.cpu), ask(metrics.memory), ask(metrics.gpu)]);
  const hostnames = own.map((node) => node.name).filter((name) => name !== '');
  const isGpuMissing = rayGpu !== null && rayGpu.series.length === 0 && hostnames.length > 0;
  const gpu = isGpuMissing ? await ask(dcgmNodeGpu(hostnames)) : rayGpu;
  for (const [grid, { metric }] of [
    [cpu, metrics.cpu],
    [memory, metrics.memory],
  ] as const)
    if (grid !== null && grid.series.length === 0)
      notices.push({
        source: 'prometheus',
        kind: 'nothing-measured',
        message: `${metric} has no sample of the nodes of this job in this window`,
        whatToDo: "Let Prometheus scrape Ray's metrics agents (/sources says how).",
      });
  return { cpu: gridWire(cpu, names), memory: gridWire(memory, names), gpu: gridWire(gpu, names), notices };
}

function gridWire(grid: SeriesGrid | null, names: ReadonlyMap<string, string>): StripsWire['cpu'] {
  if (grid === null) return null;
  return {
    startMs: grid.start,
    stepMs: grid.step,
    count: grid.count,
    series: grid.series
      .slice(0, 2 * MOST_NODES)
      .map(({ labels, values }) => {
        const ip = labels.ip ?? '';
        return { labels: { ip, node: names.get(ip) ?? labels.Hostname ?? labels.hostname ?? ip }, values: [...values] };
      })
      .sort((a, b) => BY_NAME.compare(a.labels.node, b.labels.node)),
  };
}
