/**
 * Which traces belong together, and what their collectives are called in X-Ray. Files of one run are one trace, and a group of it is
 * one communicator: groups of another run carry the same name (`default_pg`) and must never be taken for it.
 */
import { basename, dirname } from 'node:path';
import type { FoundCollective } from './collectives-of-trace.ts';
import type { NamedGroup } from './group-names.ts';
import {
  type Attributes,
  type Communicator,
  digest,
  type Member,
  planCommunicator,
  type SurveyedFile,
} from './plan-communicator.ts';
import type { KinetoFacts } from './survey.ts';
import type { ProcessGroup } from './trace-facts.ts';

export interface PlannedTrace {
  readonly traceId: string;
  readonly rank: number | null;
  /** By span: what makes it an operation of a communicator. */
  readonly collectives: ReadonlyMap<number, Attributes>;
  /** What the reader of the import should know, as sentences. */
  readonly notes: readonly string[];
}

/** Ranks of a run begin to record at the same step; their clocks may differ. */
const TOGETHER_NS = 200_000_000n;

interface Run {
  readonly members: Member[];
  readonly key: string;
}

/** In the order of `files`. With a session all of them are one trace, whenever they are imported. */
export function planTraces(files: readonly SurveyedFile[], session: string | null): PlannedTrace[] {
  const members = files.map(
    (file, index): Member => ({
      ...file,
      index,
      rank: file.facts.rank ?? (file.facts.collectives.length > 0 ? rankOfName(file.path) : null),
    }),
  );
  // A file that is named twice is one.
  const first = new Map<string, number>();
  for (const { facts, index } of members) if (!first.has(facts.hash)) first.set(facts.hash, index);
  const once = members.filter(({ facts, index }) => first.get(facts.hash) === index);
  const plans = new Map<number, PlannedTrace>();
  for (const run of runsOf(once, session)) {
    const traceId =
      session === null ? digest(['kineto', ...hashesOf(run.members)], 32) : digest(['kineto', 'session', session], 32);
    for (const [index, plan] of planRun(run, session)) plans.set(index, { ...plan, traceId });
  }
  const none: PlannedTrace = { traceId: '', rank: null, collectives: new Map(), notes: [] };
  return files.map(({ facts }) => plans.get(first.get(facts.hash) ?? -1) ?? none);
}

const RANK_IN_NAME = /(?:^|[^a-z])rank[-_.]?(\d{1,6})(?!\d)/i;
/** `rank3.json`, `rank-3.pt.trace.json`. */
function rankOfName(path: string): number | null {
  const [, rank] = RANK_IN_NAME.exec(basename(path)) ?? [];
  return rank === undefined ? null : Number(rank);
}

/** How much the names of two files say that they are of one run: the same folder, and the same name but for the rank. */
function affinity(a: string, b: string): number {
  const stem = (path: string): string => basename(path).replace(RANK_IN_NAME, '');
  return dirname(a) !== dirname(b) ? 0 : stem(a) === stem(b) ? 2 : 1;
}

/** What all ranks of a run say alike: not the groups, of which each rank knows only its own. */
const sharedFacts = ({ backend, worldSize }: KinetoFacts): string => JSON.stringify([backend, worldSize]);

const hashesOf = (members: readonly Member[]): string[] => members.map(({ facts }) => facts.hash).sort();

/** Files whose ranks differ, and that were recorded at the same time. */
function runsOf(members: readonly Member[], session: string | null): Run[] {
  const sorted = [...members].sort((a, b) =>
    a.facts.startNs < b.facts.startNs ? -1 : a.facts.startNs > b.facts.startNs ? 1 : a.index - b.index,
  );
  const open: { shared: string; members: Member[]; ranks: Set<number>; endNs: bigint }[] = [];
  for (const member of sorted) {
    const { facts, rank } = member;
    const shared = sharedFacts(facts);
    const fits = open.filter(
      (one) =>
        rank !== null && one.shared === shared && !one.ranks.has(rank) && facts.startNs <= one.endNs + TOGETHER_NS,
    );
    // Of several that it may belong to, the one of its name, then the one that began last: the files are in the order of their starts.
    const near = (one: (typeof open)[number]): number => affinity(one.members[0]?.path ?? '', member.path);
    const most = fits.reduce((best, one) => Math.max(best, near(one)), 0);
    const run = fits.findLast((one) => near(one) === most) ?? {
      shared,
      members: [],
      ranks: new Set(rank === null ? [] : [rank]),
      endNs: 0n,
    };
    if (fits.length === 0) open.push(run);
    run.members.push(member);
    if (rank !== null) run.ranks.add(rank);
    if (facts.endNs > run.endNs) run.endNs = facts.endNs;
  }
  const used = new Map<string, number>();
  return open.map((one) => {
    // A session is the caller's word that files are of one run, whenever they are imported. Nothing in the files says so: two jobs of a
    // sweep begin in one second and are named alike, so that without a session only what is imported together is one run.
    if (session === null) return { members: one.members, key: JSON.stringify(hashesOf(one.members)) };
    const base = JSON.stringify([session, one.shared]);
    const before = used.get(base) ?? 0;
    used.set(base, before + 1);
    return { members: one.members, key: before === 0 ? base : `${base} ${before}` };
  });
}

function planRun({ members, key }: Run, session: string | null): Map<number, Omit<PlannedTrace, 'traceId'>> {
  const notes = new Map(members.map((member) => [member, [...member.facts.notes]]));
  const attributes = new Map(members.map((member) => [member, new Map<number, Attributes>()]));
  const communicators = new Map<string, Communicator>();
  const world =
    members.reduce((most, { facts }) => Math.max(most, facts.worldSize ?? 0), 0) ||
    members.reduce((most, { rank }) => Math.max(most, (rank ?? 0) + 1), 1);
  for (const member of members) {
    const own = notes.get(member) ?? [];
    const found = member.facts.collectives;
    if (found.length > 0 && member.rank === null) {
      own.push(
        `${count(found.length, 'collective')} not shown as such: the file does not say which rank wrote it (distributedInfo.rank); a file name with rank<N> would do`,
      );
      continue;
    }
    if (member.facts.rank === null && member.rank !== null)
      own.push(`rank ${member.rank} is from the name of the file, because its content has none`);
    const launches = found.filter(({ timing }) => timing === 'launch').length;
    if (launches > 0)
      own.push(
        `${count(launches, 'collective')} of which only the launch is known: no bandwidth and no waiting (record with ProfilerActivity.CUDA for their kernels)`,
      );
    let groupless = 0;
    // By the group, of which there is one object (group-names.ts), or by the backend of those that name none.
    const known = new Map<NamedGroup | string, Communicator | null>();
    for (const one of found) {
      const of = one.group ?? one.backend;
      const before = known.get(of);
      const communicator = before === undefined ? communicatorOf(communicators, member, one, world) : before;
      known.set(of, communicator);
      if (communicator === null) groupless += 1;
      else {
        const byMember = communicator.operations.get(one.op) ?? new Map<Member, FoundCollective[]>();
        communicator.operations.set(one.op, byMember);
        const held = byMember.get(member);
        if (held === undefined) byMember.set(member, [one]);
        else held.push(one);
      }
    }
    if (groupless > 0)
      own.push(
        `${count(groupless, 'collective')} not shown as such: they name no process group, and the run has several`,
      );
  }
  const elsewhere = session === null ? ranksElsewhere(members, world, communicators.values()) : null;
  if (elsewhere !== null) for (const own of notes.values()) own.push(elsewhere);
  const described = new Map<string, number>();
  for (const { description } of communicators.values())
    described.set(description, (described.get(description) ?? 0) + 1);
  for (const communicator of communicators.values())
    planCommunicator(communicator, {
      key,
      world,
      isAlone: (described.get(communicator.description) ?? 0) === 1,
      attributes,
      notes,
    });
  return new Map(
    members.map((member) => [
      member.index,
      { rank: member.rank, collectives: attributes.get(member) ?? new Map(), notes: notes.get(member) ?? [] },
    ]),
  );
}

/** Where the traces say that their run has more ranks than are imported here: how the others get to be one run with them. */
function ranksElsewhere(members: readonly Member[], world: number, groups: Iterable<Communicator>): string | null {
  if (members.some(({ rank }) => rank === null)) return null;
  let ranks = world;
  for (const { size } of groups) ranks = Math.max(ranks, size ?? 0);
  if (members.length >= ranks) return null;
  const here = `${members.length === 1 ? `rank ${members[0]?.rank}` : `${members.length} ranks`} of a run of ${ranks.toLocaleString('en-GB')}`;
  return `${here}: ranks that other commands import are not joined with ${members.length === 1 ? 'it' : 'them'}; import all in one command, or give each command the same --session`;
}

const count = (n: number, what: string): string => `${n.toLocaleString('en-GB')} ${what}${n === 1 ? '' : 's'}`;

/** The communicator of an operation: as it says itself, else the only one there can be; null where there are several. */
function communicatorOf(
  known: Map<string, Communicator>,
  { facts }: Member,
  { group, backend }: FoundCollective,
  world: number,
): Communicator | null {
  const configured = group === null ? onlyGroup(facts.groups, backend) : groupOf(facts.groups, group);
  if (group === null && configured === undefined && facts.groups.length > 0) return null;
  const name = group?.name || configured?.name || '';
  const ranks = group?.ranks ?? configured?.ranks ?? null;
  const key = JSON.stringify([name, ranks === null || ranks.length === world ? null : ranks]);
  const held = known.get(key) ?? {
    identity: key,
    name,
    description: group?.description || configured?.description || (name === '' ? 'all ranks' : ''),
    ranks,
    size: null,
    operations: new Map(),
  };
  held.ranks ??= ranks;
  held.size ??= group?.size ?? ranks?.length ?? configured?.size ?? null;
  known.set(key, held);
  return held;
}

const groupOf = (groups: readonly ProcessGroup[], { name }: NamedGroup): ProcessGroup | undefined =>
  groups.find((one) => one.name === name);

/** The group of an operation that names none, where there is one that it can be of. */
function onlyGroup(groups: readonly ProcessGroup[], backend: string): ProcessGroup | undefined {
  if (groups.length === 1) return groups[0];
  const ofBackend = groups.filter((one) => backend !== '' && one.backend.includes(backend));
  return ofBackend.length === 1 ? ofBackend[0] : undefined;
}
