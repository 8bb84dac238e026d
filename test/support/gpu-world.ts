/**
 * SYNTHETIC worlds of GPUs and raylets with the truth beside them: what exporters would say while pods come and go, exporters restart,
 * two Prometheus replicas scrape with gaps, clusters share addresses, GPUs are cut by MIG or time-sliced, values are blank now and then,
 * and names or UUIDs are placeholders. Only what can be told apart at all is made: without a UUID and without a name an address stays.
 */
import type { SyntheticSeries } from './open-metrics.ts';

export const BINS = 60;
export const BIN_S = 60;
/** No sample is on the edge of a bin: Prometheus 2 counts those in both bins. */
const OFFSETS = [7, 22, 37, 52];

export interface TruthRow {
  /** Per bin, MiB of a GPU, MB of a node; null: not measured. */
  readonly values: readonly (number | null)[];
  readonly capacity: number | null;
  readonly sources: readonly string[];
  /** Words that the note begins with after its number; null: no note. */
  readonly note: string | null;
  readonly story: string;
}
export interface World {
  readonly series: readonly SyntheticSeries[];
  readonly gpus: readonly TruthRow[];
  readonly nodes: readonly TruthRow[];
}

export type Random = () => number;
/** Mulberry32. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Labels = Record<string, string>;
interface Span {
  readonly from: number;
  readonly to: number;
}

/** `from`: Unix seconds of the first bin; `number` makes names and values of this world its own. */
export function makeWorld(number: number, from: number, random: Random): World {
  const series: SyntheticSeries[] = [];
  const gpus: TruthRow[] = [];
  const nodes: TruthRow[] = [];
  const chance = (share: number): boolean => random() < share;
  const whole = (below: number): number => Math.floor(random() * below);
  const one = <Item>(items: readonly Item[]): Item => items[whole(items.length)] as Item;
  const hex = (digits: number): string => Array.from({ length: digits }, () => whole(16).toString(16)).join('');
  const podTail = (): string => Array.from({ length: 5 }, () => one([...'bcdfghjklmnpqrstvwxz2456789'])).join('');
  /** The window in one to four parts. */
  const cuts = (most: number): Span[] => {
    const edges = new Set([0, BINS]);
    for (let i = whole(most); i > 0; i--) edges.add(4 + whole(BINS - 8));
    const sorted = [...edges].sort((a, b) => a - b);
    return sorted.slice(1).map((to, i) => ({ from: sorted[i] ?? 0, to }));
  };
  const emit = (
    metric: string,
    labels: Labels,
    span: Span,
    value: (bin: number) => number | string | null,
    blank: string | null = null,
  ): void => {
    const samples: [number, number | string][] = [];
    for (let bin = span.from; bin < span.to; bin++) {
      const at = value(bin);
      if (at === null) continue;
      const blanked = blank !== null && chance(0.1) ? whole(4) : -1;
      for (const [i, offset] of OFFSETS.entries())
        samples.push([from + bin * BIN_S + offset, i === blanked ? (blank ?? at) : at]);
    }
    if (samples.length > 0) series.push({ metric, labels, samples });
  };

  let numbered = 0;
  const clusterLabel = one(['cluster', 'ray_io_cluster', 'k8s_cluster']);
  for (let n = 0; n < 1 + whole(3); n++) {
    const host = `w${number}n${n}`;
    const address = `10.${20 + Math.floor(number / 200)}.${number % 200}.${10 + n}`;
    const kind = one(['nvidia', 'nvidia', 'nvidia', 'amd'] as const);
    const realUuid = kind === 'nvidia' ? chance(0.8) : chance(0.4);
    const hostKind = realUuid ? one(['real', 'real', 'localhost', 'pod'] as const) : 'real';
    const hostLabel = kind === 'amd' ? 'hostname' : one(['Hostname', 'hostname']);
    // Two clusters that call a node the same and have the same address, at once.
    const twins = hostKind === 'real' && chance(0.15);
    const addedLabel = !twins && chance(0.3);
    for (const twin of twins ? ['east', 'west'] : [null]) {
      const inPod = kind === 'nvidia' && twin === null && chance(0.35);
      const onHost = kind === 'nvidia' && twin === null && !inPod && chance(0.35);
      const rayUuid = realUuid && (hostKind !== 'real' || chance(0.5));
      const restarts = cuts(3).map((span) => ({
        ...span,
        // Without a real name a placeholder UUID needs its address; Ray on the host is found by the address, too.
        instance: `${(inPod || (realUuid && !onHost && !twins)) && chance(0.7) ? `10.244.${number % 200}.${20 + whole(200)}` : address}:9400`,
        pod: `dcgm-exporter-${podTail()}`,
      }));
      const ha = chance(0.3);
      const count = 1 + whole(4);
      const given: { index: number; values: (bin: number) => number; capacity: number; uuid: string; slots: number }[] =
        [];
      for (let index = 0; index < count; index++) {
        const uuid = `GPU-${hex(8)}-${hex(4)}-${hex(4)}-${hex(12)}`;
        const reported = realUuid
          ? uuid
          : one(['00000000-0000-0000-0000-000000000000', 'N/A', '', 'GPU-ffffffff-ffff-ffff-ffff-ffffffffffff']);
        const slices =
          kind === 'nvidia' && !inPod && !onHost && chance(0.2) ? [1, 9, 13].slice(0, 1 + whole(3)) : [null];
        const copies = slices[0] === null && chance(0.25) ? 2 + whole(3) : 1;
        for (const slice of slices) {
          numbered += 1;
          const base = 1000 * (1 + (number % 60)) + 37 * numbered + (twin === 'west' ? 17 : 0);
          const phase = whole(3);
          const values = (bin: number): number => base + (Math.floor(bin / 20) === phase ? 500 : 0);
          const capacity = 81_920 + 64 * numbered;
          const reserved = one([0, 520, null]);
          const blankReserved = reserved !== null && chance(0.2);
          const outage = inPod || onHost ? null : chance(0.2) ? { from: 10, to: 10 + whole(8) } : null;
          const gap = inPod || onHost ? (chance(0.3) ? { from: 30, to: 34 } : null) : outage;
          const measured = (bin: number): number | null =>
            gap !== null && bin >= gap.from && bin < gap.to ? null : values(bin);
          const pods = cuts(4);
          for (let copy = 0; copy < copies; copy++)
            for (const restart of restarts)
              for (const [p, pod] of pods.entries()) {
                const span = { from: Math.max(restart.from, pod.from), to: Math.min(restart.to, pod.to) };
                if (span.from >= span.to) continue;
                const labels: Labels = { instance: restart.instance, job: kind === 'amd' ? 'amd' : 'dcgm' };
                if (kind === 'amd')
                  Object.assign(labels, {
                    gpu_id: String(index),
                    gpu_uuid: reported,
                    hostname: host,
                    gpu_partition_id: '4294967295',
                  });
                else {
                  Object.assign(labels, {
                    gpu: String(index),
                    UUID: reported,
                    device: `nvidia${index}`,
                    pod: restart.pod,
                  });
                  labels[hostLabel] = hostKind === 'real' ? host : hostKind === 'pod' ? restart.pod : 'localhost';
                  if (slice !== null) Object.assign(labels, { GPU_I_ID: String(slice), GPU_I_PROFILE: 'g' });
                  if (copies > 1) labels.vgpu = String(copy);
                }
                if (inPod) Object.assign(labels, { exported_pod: `ray-w${number}n${n}`, exported_namespace: 'ml' });
                else if (chance(0.6))
                  Object.assign(labels, { exported_pod: `train-${number}-${p}-${copy}`, exported_namespace: 'ml' });
                else if (chance(0.3)) labels.hpc_job = String(number * 10 + p);
                if (twin !== null) labels[clusterLabel] = twin;
                else if (addedLabel && span.from >= 20) labels[clusterLabel] = 'added';
                for (const replica of ha ? ['a', 'b'] : [null]) {
                  const own = replica === null ? labels : { ...labels, prometheus_replica: replica };
                  const missed = replica === 'b' ? 5 + whole(50) : -1;
                  const shown = (bin: number) =>
                    missed >= 0 && bin >= missed && bin < missed + 6 ? null : measured(bin);
                  if (kind === 'amd') {
                    emit('gpu_used_vram', own, span, shown);
                    emit('gpu_total_vram', own, span, (bin) => (shown(bin) === null ? null : capacity));
                  } else {
                    const blank = chance(0.3) ? one(['9223372036854775794', '2147483632', '140737488355329']) : null;
                    emit('DCGM_FI_DEV_FB_USED', own, span, shown, blank);
                    emit('DCGM_FI_DEV_FB_FREE', own, span, (bin) => {
                      const used = shown(bin);
                      return used === null ? null : capacity - used - (blankReserved ? 0 : (reserved ?? 0));
                    });
                    if (reserved !== null)
                      emit('DCGM_FI_DEV_FB_RESERVED', own, span, (bin) =>
                        shown(bin) === null ? null : blankReserved ? '9223372036854775792' : reserved,
                      );
                  }
                }
              }
          given.push({ index, values, capacity, uuid, slots: copies });
          const isSeenByRay = inPod || onHost;
          gpus.push({
            values: Array.from({ length: BINS }, (_, bin) => (isSeenByRay ? values(bin) : measured(bin))),
            capacity,
            sources: [
              kind === 'amd' ? 'gpu_used_vram' : 'DCGM_FI_DEV_FB_USED',
              ...(isSeenByRay ? ['ray_node_gram_used'] : []),
            ],
            note: null,
            story: `world ${number} ${host} gpu${index}${slice === null ? '' : `.mig${slice}`} ${kind} ${hostKind} ${reported.slice(0, 12)} ${twin ?? ''} inPod=${inPod} onHost=${onHost} rayUuid=${rayUuid} ha=${ha} copies=${copies} restarts=${restarts.length} pods=${pods.length}`,
          });
        }
      }
      // Ray's view of the same GPUs, from inside a pod (numbered anew) or from the host.
      if (inPod || onHost) {
        const ip = inPod ? `10.245.${number % 200}.${10 + n}` : address;
        const session = `session-${number}-${n}`;
        for (const { index, values, capacity, uuid } of given) {
          const labels: Labels = {
            ip,
            instance: `${ip}:8080`,
            SessionName: session,
            IsHeadNode: 'false',
            GpuIndex: String(index),
            ...(inPod ? { pod: `ray-w${number}n${n}`, namespace: 'ml' } : {}),
            ...(rayUuid || !realUuid ? {} : {}),
          };
          if (rayUuid) labels.GpuUuid = uuid;
          emit('ray_node_gram_used', labels, { from: 0, to: BINS }, values);
          emit('ray_node_gram_available', labels, { from: 0, to: BINS }, (bin) => capacity - values(bin) - 7);
        }
      }
    }

    // Raylets of this host.
    const ip = `10.${60 + Math.floor(number / 200)}.${number % 200}.${10 + n}`;
    const shape = one([
      'alone',
      'restarted',
      'head-and-worker',
      'two-ports',
      'two-sessions',
      'next-session',
      'host',
    ] as const);
    const raylets: { labels: Labels; span: Span; used: number; row: number }[] = [];
    const used = 1000 + 100 * number + 10 * n;
    const raylet = (row: number, port: number, span: Span, more: Labels = {}): void => {
      const labels = { ip, instance: `${ip}:${port}`, SessionName: `nodes-${number}`, IsHeadNode: 'false', ...more };
      raylets.push({ labels, span, used: used + row, row });
    };
    const all = { from: 0, to: BINS };
    const cut = 10 + whole(40);
    const [early, later] = [
      { from: 0, to: cut },
      { from: cut, to: BINS },
    ];
    let note: string | null = null;
    if (shape === 'alone') {
      raylet(0, 8080, early);
      raylet(0, 8080, later, { [clusterLabel]: 'added', RayNodeType: 'worker' });
    } else if (shape === 'restarted') {
      raylet(0, 41_001, early);
      raylet(0, 42_002, later);
    } else if (shape === 'head-and-worker') {
      raylet(0, 41_001, all, { IsHeadNode: 'true' });
      raylet(1, 42_002, all);
      note = 'raylets share the address';
    } else if (shape === 'two-ports') {
      raylet(0, 41_001, all);
      raylet(1, 42_002, all);
      note = 'metrics endpoints report from the address';
    } else if (shape === 'two-sessions') {
      raylet(0, 8080, all);
      raylet(1, 8080, all, { SessionName: `other-${number}` });
    } else if (shape === 'next-session') {
      raylet(0, 8080, early);
      raylet(1, 8080, later, { SessionName: `other-${number}` });
    }
    const replicas = chance(0.3) ? ['a', 'b'] : [null];
    for (const { labels, span, used: mb } of raylets)
      for (const replica of replicas) {
        const own = replica === null ? labels : { ...labels, prometheus_replica: replica };
        const missed = replica === 'b' ? whole(BINS) : -1;
        const shown = (bin: number) => (missed >= 0 && bin >= missed && bin < missed + 5 ? null : mb * 1e6);
        emit('ray_node_mem_used', own, span, shown);
        emit('ray_node_mem_total', own, span, (bin) => (shown(bin) === null ? null : 64e9));
      }
    const source = shape === 'host' ? 'node_memory_MemAvailable_bytes' : 'ray_node_mem_used';
    if (shape === 'host') {
      // node_exporter of a DaemonSet whose pods are restarted with other addresses, on a node that has a name.
      for (const [i, span] of [early, later].entries()) {
        const labels = { node: `${host}-host`, instance: `10.250.${number % 200}.${10 * n + i}:9100` };
        emit('node_memory_MemTotal_bytes', labels, span, () => 64e9);
        emit('node_memory_MemAvailable_bytes', labels, span, () => 64e9 - used * 1e6);
      }
    }
    const rows = shape === 'host' ? [0] : [...new Set(raylets.map((one) => one.row))];
    for (const row of rows)
      nodes.push({
        values: Array.from({ length: BINS }, (_, bin) =>
          shape === 'host' || raylets.some((one) => one.row === row && bin >= one.span.from && bin < one.span.to)
            ? used + row
            : null,
        ),
        capacity: 64_000,
        sources: [source],
        note,
        story: `world ${number} ${ip} ${shape} ha=${replicas.length > 1}`,
      });
  }
  return { series, gpus, nodes };
}
