/** Writes down which sessions Prometheus, the State API and traces know, so that a cluster stays known when it is gone. */
import { errorMessage } from '../../model/error-message.ts';
import { largest } from '../../model/extremes.ts';
import type { NodeMeasurement } from '../../model/node-measurement.ts';
import { seenSessions, tracedSessions } from '../../store/queries/clusters.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { measureNodes } from './cluster-measurements.ts';
import { knownClusters } from './known-clusters.ts';

const EVERY_MS = 30_000;
/** Spans that came since the look before the last, and some more for clocks that differ. */
const TRACES_SECONDS = 120;

export interface ClusterRecorder {
  /** One look, or the one that is under way; never rejects. */
  readonly look: () => Promise<void>;
  readonly close: () => void;
}

type Sources = Pick<Runtime, 'prometheus' | 'engine' | 'telemetry' | 'rays' | 'config' | 'ingest'>;

/** Looks every 30 s. */
export function startClusterRecorder(runtime: Sources): ClusterRecorder {
  let closed = false;
  let current: Promise<void> | null = null;
  const written: Written = { heard: new Map(), named: new Map() };
  const spans = spansSince(runtime);
  const look = (): Promise<void> => {
    current ??= record(runtime, written, spans, () => closed)
      .catch((error: unknown) =>
        runtime.telemetry.log('warn', 'cluster-recorder', {
          reason: errorMessage(error),
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

/** A session that is heard again is written down again after this: half of the time after which a cluster counts as silent. */
const SEEN_AGAIN_NS = 60_000_000_000n;

/** What this process wrote last, so that rows which say nothing new are not written. */
interface Written {
  /** Newest time by session and source. */
  readonly heard: Map<string, bigint>;
  /** Name and version by session. */
  readonly named: Map<string, string>;
}

/** True where spans may have come in since it was last asked: others write into a ClickHouse, only ingest into the engine in process. */
function spansSince(runtime: Pick<Runtime, 'engine' | 'ingest'>): () => boolean {
  let before: string | null = null;
  return () => {
    const last = runtime.ingest.health().find(({ kind }) => kind === 'otlp')?.lastSuccess ?? null;
    const isNew = last !== before;
    before = last;
    return isNew || runtime.engine.kind === 'clickhouse';
  };
}

async function record(
  runtime: Sources,
  written: Written,
  spans: () => boolean,
  isClosed: () => boolean,
): Promise<void> {
  const [stored, traced, measured] = await Promise.all([
    runtime.engine.select(seenSessions),
    spans() ? runtime.engine.select(tracedSessions, { seconds: TRACES_SECONDS }) : [],
    measureNodes(runtime, null, null),
  ]);
  // The store may be gone by the time that Prometheus has answered.
  if (isClosed()) return;
  const seen = traced.map((row) => ({ session: row.session, source: 'traces', ns: row.last_ns }));
  const named: { session: string; cluster: string; ray_version: string; ns: string }[] = [];
  for (const ray of runtime.rays()) {
    const [session] = ray.sessions();
    const { lastSuccess } = ray.health();
    if (session && lastSuccess !== null)
      seen.push({ session, source: 'state-api', ns: String(BigInt(Date.parse(lastSuccess)) * 1_000_000n) });
  }
  for (const { name, sessions } of knownClusters(stored, measured.nodes, runtime.config.clusters, runtime.rays()))
    for (const { session, stored: row, measured: nodes } of sessions) {
      const ns = newestSample(nodes);
      if (ns) seen.push({ session, source: 'prometheus', ns });
      // A name that events gave stays; one that labels or the configuration give is written to where none was.
      const version = nodes[0]?.rayVersion ?? '';
      const says = `${row?.cluster || (name === session ? '' : name)}\n${version}`;
      if (ns && (!row?.cluster || !row.ray_version) && written.named.get(session) !== says) {
        written.named.set(session, says);
        named.push({ session, cluster: row?.cluster || (name === session ? '' : name), ray_version: version, ns });
      }
    }
  const news = seen.filter(({ session, source, ns }) => {
    const known = written.heard.get(`${session}\n${source}`);
    return known === undefined || BigInt(ns) - known >= SEEN_AGAIN_NS;
  });
  if (news.length > 0) {
    await runtime.engine.insert(
      'xray.ray_heard',
      news.map(({ session, source, ns }) => ({ session, source, first_ns: ns, last_ns: ns })),
    );
    for (const { session, source, ns } of news) written.heard.set(`${session}\n${source}`, BigInt(ns));
  }
  if (named.length > 0)
    await runtime.engine.insert(
      'xray.ray_sessions',
      named.map(({ ns, ...row }) => ({ ...row, first_ns: ns, last_ns: ns })),
    );
}

function newestSample(nodes: readonly NodeMeasurement[]): string | null {
  const times = nodes.flatMap((node) => (node.sampled === null ? [] : [node.sampled]));
  return times.length > 0 ? String(BigInt(Math.floor(largest(times))) * 1_000_000n) : null;
}
