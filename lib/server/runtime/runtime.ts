/**
 * What one X-Ray process owns: engine, sources, ingest, children, telemetry. It is made once by app/serve.ts before
 * Next is there, and lives on globalThis, because Next's bundles hold copies of these modules: code behind a route
 * reaches the one runtime through getRuntime() and never makes its own. Two module graphs meet here, so objects that
 * cross are told apart by their fields, never with instanceof.
 */
import type { SourceHealthWire } from '../../contract/health.ts';
import type { Engine } from '../../store/engine.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { AlertmanagerSource } from './alertmanager-source.ts';
import type { Config } from './config.ts';
import type { HeldAnswers } from './held-answers.ts';
import type { Ingest } from './ingest.ts';
import type { PrometheusSource } from './prometheus-source.ts';
import type { RaySource } from './ray-source.ts';
import type { StoreGuard } from './store-guard.ts';
import type { TimelineIndexer } from './timeline-indexer.ts';

export interface Runtime {
  readonly config: Config;
  readonly version: string;
  readonly startedAt: Date;
  readonly engine: Engine;
  /** What the store has lost, and retention. */
  readonly store: StoreGuard;
  readonly ingest: Ingest;
  /** The one PromQL endpoint; state tells whether it is there. */
  readonly prometheus: PrometheusSource;
  readonly alertmanager: AlertmanagerSource;
  /** One per cluster with a Ray dashboard address, configured or discovered. */
  readonly rays: () => readonly RaySource[];
  /** An answer with what its sources did not say in time to whoever asked with this signal. */
  readonly annotate: <Body>(body: Body, signal: AbortSignal) => Body;
  readonly telemetry: Telemetry;
  /** Keeps timelines up with what is stored. */
  readonly timelines: TimelineIndexer;
  /** What several who open a timeline ask for. */
  readonly held: HeldAnswers;
  /** Every source with its state, freshly read. */
  readonly health: () => readonly SourceHealthWire[];
  readonly close: () => Promise<void>;
}

const KEY = Symbol.for('xray.runtime');
type Holder = typeof globalThis & { [KEY]?: Runtime };

export function setRuntime(runtime: Runtime): void {
  (globalThis as Holder)[KEY] = runtime;
}

/** Throws where X-Ray was not started through app/serve.ts. */
export function getRuntime(): Runtime {
  const runtime = (globalThis as Holder)[KEY];
  if (!runtime) throw new Error('X-Ray has no runtime: start it with `npm start` or `npm run dev`');
  return runtime;
}
