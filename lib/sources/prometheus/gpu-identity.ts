/** Which GPU of which host a UUID is, from the labels of dcgm-exporter and of AMD's device-metrics-exporter. */
import type { LabelSet } from '../../model/series.ts';
import { gpuLabels } from './memory-metrics.ts';

/** Every GPU seen in the last `seconds`; instant query. */
export const gpuIdentityQuery = (seconds: number): string => {
  const range = `[${Math.max(60, Math.ceil(seconds))}s]`;
  return [
    `group by (UUID, gpu, hostname, Hostname) (last_over_time(DCGM_FI_DEV_FB_USED${range}))`,
    `group by (gpu_uuid, gpu_id, hostname) (last_over_time(gpu_used_vram${range}))`,
  ].join(' or ');
};

/** Null where a label is missing. dcgm-exporter spells the host `Hostname` or, since 4.0, `hostname`. */
export function decodeGpuIdentity(labels: LabelSet): { uuid: string; host: string; index: number } | null {
  const { uuid, host, index } = gpuLabels(labels);
  return uuid !== null && host !== null && index !== null ? { uuid, host, index } : null;
}
