/** Which GPU of which host a UUID is, from the labels of dcgm-exporter. */
import type { LabelSet } from '../../model/series.ts';

/** Every GPU seen in the last `seconds`; instant query. */
export const gpuIdentityQuery = (seconds: number): string =>
  `group by (UUID, gpu, hostname, Hostname) (last_over_time(DCGM_FI_DEV_FB_USED[${Math.max(60, Math.ceil(seconds))}s]))`;

/** Null where a label is missing. dcgm-exporter spells the host `Hostname` or, since 4.0, `hostname`. */
export function decodeGpuIdentity(labels: LabelSet): { uuid: string; host: string; index: number } | null {
  const host = labels.hostname ?? labels.Hostname;
  const index = Number(labels.gpu);
  return labels.UUID && host && Number.isInteger(index) ? { uuid: labels.UUID, host, index } : null;
}
