/** The X-Ray that should be running: does it answer, how is every source of its, do the clocks agree. */
import type { DoctorCheckWire } from '../../contract/cli.ts';
import type { HealthWire, SourceHealthWire } from '../../contract/health.ts';
import { UsageError } from '../usage-error.ts';
import type { XrayClient } from '../xray-client.ts';

/** When a question went out and its answer came, by this machine's clock. */
interface Requested {
  readonly asked: number;
  readonly heard: number;
}

/** `health`: the answer, or why there is none. */
export async function xrayChecks(
  client: XrayClient,
  health: HealthWire | Error,
  when: Requested,
): Promise<DoctorCheckWire[]> {
  if (health instanceof Error)
    return [
      {
        id: 'xray',
        state: 'fail',
        message: health.message,
        whatToDo: health instanceof UsageError ? health.hint : 'start it with `npm start`',
      },
    ];
  return [
    {
      id: 'xray',
      state: 'ok',
      message: `X-Ray ${health.version} answers at ${client.url}${health.demo ? ', with demo data' : ''}`,
      whatToDo: null,
    },
    ...health.sources.map(sourceCheck),
    ...(await clockChecks(health, when)),
  ];
}

const STATES: Record<SourceHealthWire['state'], DoctorCheckWire['state']> = {
  up: 'ok',
  degraded: 'warn',
  down: 'fail',
  waiting: 'ok',
  found: 'ok',
  off: 'ok',
};

function sourceCheck(source: SourceHealthWire): DoctorCheckWire {
  const facts = [source.state, source.reason, source.url && `at ${source.url}`].filter((word) => word);
  return {
    id: `source:${source.id}`,
    state: STATES[source.state],
    message: facts.join(', '),
    whatToDo: source.whatToDo,
  };
}

const WARN_MS = 2_000;
const FAIL_MS = 30_000;

/**
 * How far a clock is off, where nothing explains it. The answer was made at some time between asking and hearing it:
 *   mine        asked |-----------| heard
 *   theirs                            |--| told     off = the gap between the two
 */
function clockCheck(
  id: string,
  who: string,
  theirs: { readonly from: number; readonly to: number },
  mine: { readonly asked: number; readonly heard: number },
): DoctorCheckWire {
  const [ahead, behind] = [theirs.from - mine.heard, mine.asked - theirs.to];
  const off = Math.max(0, ahead, behind);
  if (off < WARN_MS) return { id, state: 'ok', message: `agrees with ${who}`, whatToDo: null };
  return {
    id,
    state: off < FAIL_MS ? 'warn' : 'fail',
    message: `${who} is at least ${(off / 1000).toFixed(1)} s ${ahead > behind ? 'ahead' : 'behind'}`,
    whatToDo: 'synchronise the clocks (NTP): times of different machines are compared',
  };
}

async function clockChecks(health: HealthWire, mine: Requested): Promise<DoctorCheckWire[]> {
  const now = Date.parse(health.now);
  const checks = [clockCheck('clock', 'X-Ray', { from: now, to: now }, mine)];
  for (const source of health.sources) {
    if (source.url === null || source.state === 'down' || source.state === 'off') continue;
    const requested = Date.now();
    const date = await fetch(source.url, { signal: AbortSignal.timeout(3_000), redirect: 'manual' }).then(
      async (response) => {
        await response.body?.cancel();
        return response.headers.get('date');
      },
      () => null,
    );
    if (date === null) continue;
    // The header names a whole second.
    const from = Date.parse(date);
    checks.push(
      clockCheck(`clock:${source.id}`, source.id, { from, to: from + 999 }, { asked: requested, heard: Date.now() }),
    );
  }
  return checks;
}
