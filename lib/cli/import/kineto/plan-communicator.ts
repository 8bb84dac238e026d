/**
 * What makes the spans of one communicator operations of it: its name and hash, and which operations of several ranks are one
 * (sequence.ts).
 */
import { createHash } from 'node:crypto';
import type { FoundCollective } from './collectives-of-trace.ts';
import { type Sequenced, sequenced } from './sequence.ts';
import type { KinetoFacts } from './survey.ts';

export type Attributes = Readonly<Record<string, string | number>>;

export interface SurveyedFile {
  readonly facts: KinetoFacts;
  /** As it was given. What its content does not tell, its name may: the rank, and which of two runs at once it is of. */
  readonly path: string;
}

export interface Member extends SurveyedFile {
  readonly index: number;
  readonly rank: number | null;
}

export const digest = (of: readonly string[], length: number): string =>
  createHash('sha256').update(of.join('\n')).digest('hex').slice(0, length);

/** One communicator of a run, with the operations of each member by function. */
export interface Communicator {
  /** Within its run: the name of the group, and its ranks where those are known and not all. */
  readonly identity: string;
  readonly name: string;
  readonly description: string;
  ranks: readonly number[] | null;
  size: number | null;
  readonly operations: Map<string, Map<Member, FoundCollective[]>>;
}

const NAMED_NOTES = 8;

interface Plan {
  readonly key: string;
  readonly world: number;
  /** No other group of the run has the same description. */
  readonly isAlone: boolean;
  readonly attributes: ReadonlyMap<Member, Map<number, Attributes>>;
  readonly notes: ReadonlyMap<Member, string[]>;
}

export function planCommunicator(communicator: Communicator, { key, world, isAlone, attributes, notes }: Plan): void {
  const { identity: own, name, description, ranks, operations } = communicator;
  const nranks = communicator.size ?? world;
  const isWorld = nranks === world;
  const label = description || name || 'all ranks';
  const shown = isAlone || isWorld ? label : `${label} (${ranks === null ? name : `ranks ${rangesOf(ranks)}`})`;
  const identity = {
    comm_id_hash: `torch-${digest([key, own], 16)}`,
    'nccl.comm_name': shown,
    'nccl.pg_name': name,
    nranks,
  };
  for (const [op, byMember] of operations) {
    const [first] = byMember.keys();
    const hosts = new Set([...byMember.keys()].map(({ facts }) => facts.host));
    const timed = (member: Member, one: FoundCollective) => {
      const startNs = Number(member.facts.startNs - (first?.facts.startNs ?? 0n)) + one.atNs;
      const endNs = one.durationNs === 0 ? 0 : startNs + one.durationNs;
      const bytes = ALIKE.has(op) && !one.isPart ? messageBytes(one, nranks) : 0;
      return { startNs, endNs, bytes, seq: one.seq };
    };
    const ordered = new Map(
      [...byMember].map(([member, own]) => [member.rank ?? 0, own.map((one) => timed(member, one))]),
    );
    const found = TOGETHER.has(op) ? sequenced(ordered, hosts.size === 1 && !hosts.has('')) : inOwnOrder(ordered);
    if (found.note !== null)
      for (const member of byMember.keys()) {
        const own = notes.get(member);
        if (own !== undefined && own.length < NAMED_NOTES)
          own.push(`${op} of ${shown}: ${found.note}${found.seq === null ? '; left out' : ''}`);
      }
    if (found.seq === null) continue;
    for (const [member, own] of byMember) {
      const rank = member.rank ?? 0;
      const within = ranks?.indexOf(rank) ?? -1;
      own.forEach((one, i) => {
        const seq = found.seq?.get(rank)?.[i] ?? null;
        if (seq === null) return;
        const bytes = messageBytes(one, nranks);
        attributes.get(member)?.set(one.span, {
          ...identity,
          op_type: one.spelled,
          'nccl.seq': seq,
          rank: within !== -1 ? within : (one.group?.rank ?? rank),
          'xray.global_rank': rank,
          ...(found.from === 'Seq' ? {} : { 'xray.seq_from': found.from }),
          ...(one.timing === 'launch' ? { 'xray.timing': 'launch' } : {}),
          ...(bytes > 0 ? { 'nccl.message.size_bytes': bytes } : {}),
        });
      });
    }
  }
}

/** Operations that all ranks of a group run, and of these those whose message is as large on all. */
const TOGETHER = new Set([
  'AllReduce',
  'AllGather',
  'ReduceScatter',
  'Broadcast',
  'Reduce',
  'AllToAll',
  'Gather',
  'Scatter',
  'Barrier',
]);
const ALIKE = new Set(['AllReduce', 'AllGather', 'ReduceScatter', 'Broadcast', 'Reduce']);

/** Of operations that join pairs of ranks, or that nobody knows: counted, and not compared between ranks. */
const inOwnOrder = (ordered: ReadonlyMap<number, readonly unknown[]>): Sequenced => ({
  seq: new Map([...ordered].map(([rank, own]) => [rank, own.map((_, i) => String(i))])),
  from: 'order',
  note: null,
});

/** A part of an AllGather is what one rank gives; of the others what a rank gives is the message. */
const messageBytes = ({ bytes, isPart, op }: FoundCollective, nranks: number): number =>
  isPart && op === 'AllGather' ? bytes * nranks : bytes;

/** `0-3, 8`. */
function rangesOf(ranks: readonly number[]): string {
  const sorted = [...ranks].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const rank of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && rank === last[1] + 1) last[1] = rank;
    else ranges.push([rank, rank]);
  }
  const texts = ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
  return texts.length > 4 ? `${texts.slice(0, 4).join(', ')}, ...` : texts.join(', ');
}
