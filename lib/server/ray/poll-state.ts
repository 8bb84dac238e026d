/** What earlier looks at one Ray session have seen, so that only news is stored and only what goes on is asked for. */
export interface SessionMemory {
  readonly session: string;
  /** Signature of each job, node, actor and worker as last stored; key `<kind>/<id>`. */
  readonly seen: Map<string, string>;
  /** Signatures of attempts by job. */
  readonly attempts: Map<string, Map<string, string>>;
  /** Jobs under way, with when they were last seen so (Unix ms). */
  readonly open: Map<string, number>;
  /** When X-Ray first saw that a job had ended (Unix ms); 0: long before it looked. */
  readonly endedSince: Map<string, number>;
  /** Jobs whose tasks will not change any more. */
  readonly settled: Set<string>;
  /** When the tasks of a job were last listed (Unix ms). */
  readonly asked: Map<string, number>;
  /** State by node id. */
  readonly nodes: Map<string, string>;
  listedAll: boolean;
  round: number;
}

export const newMemory = (session: string): SessionMemory => ({
  session,
  seen: new Map(),
  attempts: new Map(),
  open: new Map(),
  endedSince: new Map(),
  settled: new Set(),
  asked: new Map(),
  nodes: new Map(),
  listedAll: false,
  round: 0,
});

/** Whether the thing says something it did not say before; remembers it. */
export function isNew(memory: SessionMemory, kind: string, id: string, signature: string): boolean {
  const key = `${kind}/${id}`;
  if (memory.seen.get(key) === signature) return false;
  memory.seen.set(key, signature);
  return true;
}

export function forgetJob(memory: SessionMemory, jobId: string): void {
  memory.attempts.delete(jobId);
  memory.asked.delete(jobId);
}
