/**
 * What a body brought and X-Ray did not take, counted by what it is, as rows of xray.set_aside: so that pages can say it, by name. What is
 * counted is text from outside: a body tells a bounded number of kinds, with bounded names.
 */
import { encodeRows } from '../../store/engine.ts';
import type { ParseJob, TableRows } from './parsed-body.ts';

/** Kinds of one body that are told apart. */
const MOST_KINDS = 100;
const NAME_CHARACTERS = 100;
const REASON_CHARACTERS = 300;
const SESSION_CHARACTERS = 500;

/** Kinds that are no event type. */
export const REJECTED = 'rejected';
export const OLDER = 'older than retention';

interface Kind {
  readonly session: string;
  readonly what: string;
  readonly reason: string;
  records: number;
}

export class SetAside {
  private readonly door: ParseJob['kind'];
  private readonly kinds = new Map<string, Kind>();

  constructor(door: ParseJob['kind']) {
    this.door = door;
  }

  /** `session`: '' where it is not of one. `reason`: the first one told is kept. */
  add(session: string, what: string, records: number, reason = ''): void {
    const whose = session.slice(0, SESSION_CHARACTERS);
    const name = what.slice(0, NAME_CHARACTERS);
    const key = `${whose}\n${name}`;
    const known = this.kinds.get(key) ?? (this.kinds.size < MOST_KINDS ? undefined : this.other());
    if (known) known.records += records;
    else this.kinds.set(key, { session: whose, what: name, reason: reason.slice(0, REASON_CHARACTERS), records });
  }

  private other(): Kind {
    const kind = this.kinds.get('other') ?? { session: '', what: 'other', reason: '', records: 0 };
    this.kinds.set('other', kind);
    return kind;
  }

  rows(): TableRows[] {
    const rows = [...this.kinds.values()].map((kind) => ({ door: this.door, ...kind }));
    return rows.length > 0 ? [{ table: 'xray.set_aside', ...encodeRows(rows) }] : [];
  }
}
