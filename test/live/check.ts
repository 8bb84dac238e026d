/** Named checks that go on after a failure, and waiting with a limit, for the live test. */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../../lib/model/error-message.ts';

export const results: { name: string; error: string | null }[] = [];
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

export async function check(name: string, body: () => Promise<void>): Promise<void> {
  let error: string | null = null;
  try {
    await body();
  } catch (thrown) {
    error = errorMessage(thrown);
  }
  results.push({ name, error });
  say(`${error === null ? 'ok    ' : 'FAILED'} ${name}${error === null ? '' : `\n       ${error}`}`);
}

/** Asks until `test` passes; the last failure is thrown after `limitS`, or at once what `giveUp` throws. */
export async function eventually<T>(
  limitS: number,
  ask: () => Promise<T>,
  test: (value: T) => void,
  giveUp: () => void = () => {},
): Promise<T> {
  const end = Date.now() + limitS * 1000;
  for (;;) {
    giveUp();
    try {
      const value = await ask();
      test(value);
      return value;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await sleep(1000);
  }
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: got ${a}, expected ${b}`);
}

export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(`expected ${what}`);
}
