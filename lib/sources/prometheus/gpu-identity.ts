/** Which GPU of which host a UUID is, from the labels of dcgm-exporter and of AMD's device-metrics-exporter. */
import type { LabelSet } from '../../model/series.ts';
import { GPU_LABELS, gpuEvidence } from './target-labels.ts';

/** Every GPU seen in the last `seconds`; instant query. */
export const gpuIdentityQuery = (seconds: number): string => {
  const range = `[${Math.max(60, Math.ceil(seconds))}s]`;
  const by = `group by (${GPU_LABELS.join(', ')})`;
  return [`${by} (last_over_time(DCGM_FI_DEV_FB_USED${range}))`, `${by} (last_over_time(gpu_used_vram${range}))`].join(
    ' or ',
  );
};

/**
 * Index on its host of each GPU by UUID. Placeholders are no UUIDs, and one that several GPUs bear names none of them: it is
 * left out.
 */
export function gpuIndexesByUuid(samples: readonly { readonly labels: LabelSet }[]): ReadonlyMap<string, number> {
  const found = new Map<string, number | null>();
  for (const { labels } of samples) {
    const { uuid, index } = gpuEvidence(labels);
    if (uuid === null || index === null) continue;
    const known = found.get(uuid);
    found.set(uuid, known === undefined || known === index ? index : null);
  }
  return new Map([...found].flatMap(([uuid, index]) => (index === null ? [] : [[uuid, index] as const])));
}
