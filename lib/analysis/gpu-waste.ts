/** GPUs that are allocated and idle. */
import type { Ratio } from '../model/units.ts';

export interface GpuHost {
  /** Logical GPUs that Ray has given away on this host. */
  readonly allocated: number;
  /** Utilisation of every GPU of the host; null: not measured. */
  readonly utilizations: readonly (Ratio | null)[];
}

export interface GpuWaste {
  /** Null where no host says. */
  readonly allocated: number | null;
  /** Busy-GPU equivalents among the allocated ones; null where no utilisation is measured. */
  readonly used: number | null;
  readonly wasted: number | null;
}

/**
 * Per host, used = min(allocated, sum of utilisations): which GPUs of a host are allocated is not known, so work is
 * credited to allocated ones first and waste is never overstated. A host without utilisation counts as not wasting.
 *
 *   allocated 4 of 8, four at 100 %  -> used 4, wasted 0
 *   allocated 8 of 8, four at 100 %  -> used 4, wasted 4
 */
export function gpuWaste(hosts: readonly GpuHost[]): GpuWaste {
  if (hosts.length === 0) return { allocated: null, used: null, wasted: null };
  let allocated = 0;
  let used = 0;
  let measured = false;
  for (const host of hosts) {
    const known = host.utilizations.filter((share) => share !== null);
    allocated += host.allocated;
    if (known.length === 0) {
      used += host.allocated;
      continue;
    }
    measured = true;
    used += Math.min(
      host.allocated,
      known.reduce((sum, share) => sum + share, 0),
    );
  }
  // Nothing given away wastes nothing, measured or not.
  if (allocated === 0) return { allocated: 0, used: 0, wasted: 0 };
  return measured ? { allocated, used, wasted: allocated - used } : { allocated, used: null, wasted: null };
}
