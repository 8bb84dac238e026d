/**
 * MIG instances that one source names by number (dcgm-exporter: GPU_I_ID) and another by a UUID of their own (Ray's agent, through NVML).
 * Nothing says which is which but their size: an instance is paired where exactly one on each side has it.
 *
 *   DCGM   mig1 40 GiB   mig9 10 GiB   mig10 10 GiB
 *   Ray    MIG-a 40 GiB  MIG-b 10 GiB  MIG-c 10 GiB       MIG-a is mig1; which of the others is which is not told
 */
import type { GpuOfSource } from './gpu-things.ts';

/** Of what the driver reserves one side may know, the other not. */
const ALIKE = 0.06;

export const isMigUuid = (uuid: string | null): boolean => uuid?.startsWith('MIG-') ?? false;

/** The capacity of the GPU or instance; null where none of its parts tells it. */
function capacityOf(gpus: readonly GpuOfSource[]): number | null {
  let most: number | null = null;
  for (const { parts } of gpus)
    for (const { capacity } of parts) if (capacity !== null && capacity > (most ?? 0)) most = capacity;
  return most;
}

/** Pairs of one GPU's instances; what is not in the answer is not told apart. */
export function migPairs<Known extends { readonly gpus: readonly GpuOfSource[] }>(
  known: readonly Known[],
  own: readonly GpuOfSource[],
): ReadonlyMap<GpuOfSource, Known> {
  const there = known.map((one) => ({ one, capacity: capacityOf(one.gpus) }));
  const sizes = own.map((gpu) => ({ gpu, capacity: capacityOf([gpu]) }));
  const isAlike = (a: number | null, b: number | null): boolean =>
    a !== null && b !== null && Math.abs(a - b) <= ALIKE * Math.max(a, b);
  const pairs = new Map<GpuOfSource, Known>();
  for (const { gpu, capacity } of sizes) {
    const fits = there.filter((one) => isAlike(one.capacity, capacity));
    const [first] = fits;
    const rivals = sizes.filter((other) => isAlike(other.capacity, first?.capacity ?? null));
    if (first && fits.length === 1 && rivals.length === 1) pairs.set(gpu, first.one);
  }
  return pairs;
}
