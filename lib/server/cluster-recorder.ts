/** Writes down which sessions Prometheus, the State API and traces know, so that a cluster stays known when it is gone. */
import type { NodeMeasurement } from '../model/node-measurement.ts';
import { heardSessions, tracedSessions } from '../store/queries/clusters.ts';
import { measureNodes } from './cluster-measurements.ts';
import { knownClusters } from './known-clusters.ts';
import type { Runtime } from './runtime.ts';

const EVERY_MS = 30_000;
/** Spans that came since the look before the last, and some more for clocks that differ. */
const TRACES_SECONDS = 120;

export interface ClusterRecorder {
  /** One look, or the one that is under way; never rejects. */
  readonly look: () => Promise<void>;
  readonly close: () => void;
}

type Sources = Pick<Runtime, 'prometheus' | 'engine' | 'telemetry' | 'rays' | 'config'>;

/** Looks every 30 s. */
export function startClusterRecorder(runtime: Sources): ClusterRecorder {
  let closed = false;
  let current: Promise<void> | null = null;
  const look = (): Promise<void> => {
    current ??= record(runtime, () => closed)
      .catch((error: unknown) =>
        runtime.telemetry.log('warn', 'cluster-recorder', {
          reason: error instanceof Error ? error.message : String(error),
        }),
      )
      .finally(() => {
        current = null;
      });
    return current;
  };
  const timer = setInterval(() => void look(), EVERY_MS);
  timer.unref();
  void look();
  return {
    look,
    close() {
      closed = true;
      clearInterval(timer);
    },
  };
}

async function record(runtime: Sources, isClosed: () => boolean): Promise<void> {
  const [stored, traced, measured] = await Promise.all([
    runtime.engine.select(heardSessions),
    runtime.engine.select(tracedSessions, { seconds: TRACES_SECONDS }),
    measureNodes(runtime, null, null),
  ]);
  // The store may be gone by the time that Prometheus has answered.
  if (isClosed()) return;
  const heard = traced.map((row) => ({ session: row.session, source: 'traces', ns: row.last_ns }));
  const named: { session: string; cluster: string; ray_version: string; ns: string }[] = [];
  const now = String(BigInt(Date.now()) * 1_000_000n);
  for (const ray of runtime.rays()) {
    const [session] = ray.sessions();
    if (session && ray.health().state === 'up') heard.push({ session, source: 'state-api', ns: now });
  }
  for (const { name, sessions } of knownClusters(stored, measured.nodes, runtime.config.clusters, runtime.rays()))
    for (const { session, stored: row, measured: nodes } of sessions) {
      const ns = newestSample(nodes);
      if (ns) heard.push({ session, source: 'prometheus', ns });
      // A name that events gave stays; one that labels or the configuration give is written to where none was.
      const version = nodes[0]?.rayVersion ?? '';
      if (ns && (!row?.cluster || !row.ray_version))
        named.push({ session, cluster: row?.cluster || (name === session ? '' : name), ray_version: version, ns });
    }
  if (heard.length > 0)
    await runtime.engine.insert(
      'xray.ray_heard',
      heard.map(({ session, source, ns }) => ({ session, source, first_ns: ns, last_ns: ns })),
    );
  if (named.length > 0)
    await runtime.engine.insert(
      'xray.ray_sessions',
      named.map(({ ns, ...row }) => ({ ...row, first_ns: ns, last_ns: ns })),
    );
}

function newestSample(nodes: readonly NodeMeasurement[]): string | null {
  const times = nodes.flatMap((node) => (node.sampled === null ? [] : [node.sampled]));
  return times.length > 0 ? String(BigInt(Math.floor(Math.max(...times))) * 1_000_000n) : null;
}
