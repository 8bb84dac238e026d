/** The door as the operator configured it. */
import { join } from 'node:path';
import { createLocalAccess, createTokenAccess } from '../http/access.ts';
import { createClientOf } from '../http/client-address.ts';
import type { Door } from '../http/door.ts';
import { createGuessThrottle } from '../http/sign-in/guess-throttle.ts';
import { createSessions } from '../http/sign-in/sessions.ts';
import type { Config } from '../runtime/config.ts';

const WINDOW_MS = 60_000;
const MOST_ADDRESSES = 10_000;

type Given = Pick<Config, 'authToken' | 'ownToken' | 'allowedHosts' | 'trustedProxies' | 'dataDirectory'>;

export function createDoor(
  config: Given,
  parts: Pick<Door, 'assets' | 'closedShare' | 'expectPage' | 'refuseEarly' | 'direct' | 'next'>,
): Door {
  const { authToken: token } = config;
  const throttle = (perAddress: number, global: number, provedTimes: number) =>
    createGuessThrottle({ windowMs: WINDOW_MS, perAddress, global, provedTimes, mostAddresses: MOST_ADDRESSES });
  const isStatic = (path: string): boolean =>
    parts.assets?.has(path) ?? /^\/(_next\/|icon\.svg$|favicon\.ico$)/.test(path);
  return {
    ...parts,
    hasToken: token !== null,
    clientOf: createClientOf(config.trustedProxies),
    access:
      token === null
        ? createLocalAccess(config.allowedHosts)
        : createTokenAccess({
            token,
            ownToken: config.ownToken,
            sessions: createSessions(token, join(config.dataDirectory, 'signed-out.json')),
            signInThrottle: throttle(10, 200, 1),
            bearerThrottle: throttle(60, 1_200, 10),
            isStatic,
          }),
  };
}
