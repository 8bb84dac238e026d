/** The Alertmanager that the operator runs; without one, every question is refused with what to configure. */
import { AlertmanagerFailure, createAlertmanagerClient } from '../../sources/alertmanager/client.ts';
import type { AlertmanagerSource } from '../runtime/alertmanager-source.ts';
import type { HttpSource } from '../runtime/config.ts';
import { createSourceState, publicUrl } from '../runtime/source-state.ts';

/** Throws where the CA file cannot be read. */
export function createAlertmanagerSource(source: HttpSource | null): AlertmanagerSource {
  const identity = { id: 'alertmanager', kind: 'alertmanager', cluster: null } as const;
  if (source === null) {
    const state = createSourceState(identity, () => null, 'off');
    state.set(
      'off',
      'no Alertmanager is configured',
      'Set alertmanager.url to see silences, inhibitions and receivers.',
    );
    return {
      configured: false,
      health: state.health,
      api: async (path) => {
        throw new AlertmanagerFailure(
          'alertmanager-down',
          `Alertmanager ${path} failed: no Alertmanager is configured`,
          'Set alertmanager.url to see silences, inhibitions and receivers.',
        );
      },
    };
  }
  const state = createSourceState(identity, () => publicUrl(source.url));
  const client = createAlertmanagerClient(source, undefined, state.clock);
  return {
    configured: true,
    health: state.health,
    async api(path, signal) {
      try {
        const body = await client(path, signal);
        state.succeeded();
        return body;
      } catch (error) {
        if (!signal?.aborted) state.failed(error);
        throw error;
      }
    },
  };
}
