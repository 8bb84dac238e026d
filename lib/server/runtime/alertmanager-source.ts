/** Alertmanager v2 as use cases see it. */
import type { SourceHealthWire } from '../../contract/health.ts';

export interface AlertmanagerSource {
  readonly configured: boolean;
  /** GET below /api/v2, unparsed JSON. Rejects with an Error that has `code` 'alertmanager-down' | 'alertmanager-refused'. */
  readonly api: (path: string, signal?: AbortSignal) => Promise<unknown>;
  readonly health: () => SourceHealthWire;
}
