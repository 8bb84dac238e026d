/** The X-Ray that should be running: does it answer, how is every source of its, do the clocks agree. */
import type { DoctorCheckWire } from '../../contract/cli.ts';
import type { HealthWire, SourceHealthWire } from '../../contract/health.ts';
import { UsageError } from '../usage-error.ts';
import type { XrayClient } from '../xray-client.ts';

/** `health`: the answer, or why there is none. `asked`: when, by this machine's clock. */
export async function xrayChecks(
  client: XrayClient,
  health: HealthWire | Error,
  asked: number,
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
    ...(await clockChecks(health, asked)),
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
  const words = [source.state, source.reason, source.url && `at ${source.url}`].filter((word) => word);
  return {
    id: `source:${source.id}`,
    state: STATES[source.state],
    message: words.join(', '),
    whatToDo: source.whatToDo,
  };
}

const WARN_MS = 2_000;
const FAIL_MS = 30_000;

function clockCheck(who: string, theirs: number, mine: number, id: string): DoctorCheckWire {
  const seconds = Math.abs(theirs - mine) / 1000;
  const off = Math.abs(theirs - mine);
  // HTTP dates have whole seconds.
  if (off < WARN_MS) return { id, state: 'ok', message: `agrees with ${who}`, whatToDo: null };
  return {
    id,
    state: off < FAIL_MS ? 'warn' : 'fail',
    message: `${who} is ${seconds.toFixed(1)} s ${theirs > mine ? 'ahead' : 'behind'}`,
    whatToDo: 'synchronise the clocks (NTP): times of different machines are compared',
  };
}

async function clockChecks(health: HealthWire, asked: number): Promise<DoctorCheckWire[]> {
  const checks = [clockCheck('X-Ray', Date.parse(health.now), asked, 'clock')];
  for (const source of health.sources) {
    if (source.url === null || source.state === 'down' || source.state === 'off') continue;
    const before = Date.now();
    const date = await fetch(source.url, { signal: AbortSignal.timeout(3_000), redirect: 'manual' }).then(
      async (response) => {
        await response.body?.cancel();
        return response.headers.get('date');
      },
      () => null,
    );
    // The middle of the exchange, and of the second that the header names.
    if (date !== null)
      checks.push(clockCheck(source.id, Date.parse(date) + 500, (before + Date.now()) / 2, `clock:${source.id}`));
  }
  return checks;
}
