/**
 * Every Ray cluster X-Ray asks: those that are configured, the simulated one, and the one found on this machine. A found
 * Ray is connected only where nothing else is shown; beside demo data it is offered (data of both are never mixed).
 */
import type { SourceHealthWire } from '../../contract/health.ts';
import { createRayClient, RayFailure } from '../../sources/ray/client.ts';
import { Version } from '../../sources/ray/wire.ts';
import type { Engine } from '../../store/engine.ts';
import type { Config, HttpSource } from '../runtime/config.ts';
import type { Ingest } from '../runtime/ingest.ts';
import type { RaySource } from '../runtime/ray-source.ts';
import { createSourceState, publicUrl } from '../runtime/source-state.ts';
import { patientRay } from '../sources/patient-ray.ts';
import type { ReaderNotices } from '../sources/reader-notices.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createPolledRay, startLooking } from './ray-source-polling.ts';

export interface RaySources {
  readonly list: () => readonly RaySource[];
  /** Connects one more; a cluster that is connected already stays as it is. */
  readonly connect: (cluster: string, source: HttpSource) => void;
  readonly health: () => readonly SourceHealthWire[];
  readonly close: () => Promise<void>;
}

const DISCOVER_EVERY_MS = 15_000;
const LOCAL = 'local';

export function startRaySources(options: {
  readonly config: Config;
  readonly engine: Engine;
  readonly ingest: Ingest;
  readonly telemetry: Telemetry;
  readonly readers: ReaderNotices;
}): RaySources {
  const { config } = options;
  const sources: RaySource[] = [];
  const connect: RaySources['connect'] = (cluster, source) => {
    if (sources.some((one) => one.cluster === cluster)) return;
    sources.push(patientRay(startLooking(createPolledRay({ ...options, cluster, source })), options.readers));
  };
  for (const cluster of config.clusters) if (cluster.rayDashboard) connect(cluster.name, cluster.rayDashboard);
  const discovery = config.rayDiscovery ? discover(config.rayDiscovery, config.demo, connect) : null;
  return {
    list: () => sources,
    connect,
    health: () => [...sources.map((one) => one.health()), ...(discovery?.health() ?? [])],
    async close() {
      discovery?.close();
      await Promise.all(sources.map((one) => one.close()));
    },
  };
}

function discover(
  source: HttpSource,
  onlyOffer: boolean,
  connect: RaySources['connect'],
): { readonly health: () => readonly SourceHealthWire[]; readonly close: () => void } {
  const client = createRayClient(source, { timeoutMs: 2_000 });
  const url = publicUrl(source.url);
  const state = createSourceState({ id: `ray:${LOCAL}`, kind: 'ray', cluster: null }, () => url);
  const nothing = (): void =>
    state.set('waiting', `no Ray answers at ${url}`, 'Start Ray on this machine, or set RAY_DASHBOARD_URL.');
  let connected = false;
  nothing();

  async function look(): Promise<void> {
    let version: string | null = null;
    try {
      const answer = Version.safeParse(await client.json('/api/version'));
      if (!answer.success) return nothing();
      version = answer.data.ray_version ?? '';
      state.detail('session', answer.data.session_name);
    } catch (error) {
      // A Ray that wants a token is one all the same.
      if (!(error instanceof RayFailure && [401, 403].includes(error.status))) return nothing();
    }
    if (!onlyOffer) {
      connected = true;
      clearInterval(timer);
      connect(LOCAL, source);
      return;
    }
    if (version) state.detail('rayVersion', version);
    state.set(
      'found',
      `${version ? `Ray ${version}` : 'A Ray that wants a token'} answers at ${url}; it is not connected, because the demo runs`,
      `Set RAY_DASHBOARD_URL=${url}${version ? '' : ' and RAY_AUTH_TOKEN'} and start X-Ray again.`,
    );
  }
  const timer = setInterval(() => void look(), DISCOVER_EVERY_MS);
  timer.unref();
  void look();
  return {
    // Beside the demo, a Ray that is not there is nobody's concern.
    health: () => (connected || (onlyOffer && state.health().state !== 'found') ? [] : [state.health()]),
    close: () => clearInterval(timer),
  };
}
