/**
 * What of an answer goes into a share: what its page draws, for people who may open a link but not X-Ray. Left out are addresses
 * and hosts of sources, credentials, files, and fields that no page draws. An answer with nothing to leave out stays as it came.
 */

import { cleanSentence } from '../../schema/error-sentence.ts';
import type { Config, HttpSource } from '../runtime/config.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Shorter ones are words that stand in names everywhere. */
const SECRET_CHARACTERS = 6;
/** Hosts that say nothing of a network. */
const LOCAL = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|0\.0\.0\.0)$/;

export interface ShareContents {
  /** The answer to `path` (JSON text) as the share keeps it (JSON text). */
  readonly of: (path: string, status: number, text: string) => string;
}

function sourcesOf(config: Config): readonly HttpSource[] {
  const rays = config.clusters.map(({ rayDashboard }) => rayDashboard);
  return [config.prometheus, config.alertmanager, config.clickhouse, config.rayDiscovery, ...rays].filter(
    (source) => source !== null,
  );
}

/** Longest first, so that one that contains another goes whole. */
const byLength = (texts: Iterable<string>): string[] => [...new Set(texts)].sort((a, b) => b.length - a.length);

export function createShareContents(config: Config): ShareContents {
  const sources = sourcesOf(config);
  const urls = sources.flatMap(({ url }) => (URL.canParse(url) ? [new URL(url)] : []));
  const hosts = byLength(urls.flatMap(({ host, hostname }) => [host, hostname]).filter((host) => !LOCAL.test(host)));
  const secrets = byLength(
    [
      config.authToken ?? '',
      ...urls.flatMap(({ username, password }) => [username, password, decodeURIComponent(password)]),
      ...sources.flatMap(({ auth }) => [
        auth.bearerToken ?? '',
        auth.basic?.password ?? '',
        auth.caFile ?? '',
        ...Object.values(auth.headers),
      ]),
    ].filter((secret) => secret.length >= SECRET_CHARACTERS),
  );

  /** A sentence of X-Ray's about a source. */
  function withoutAddresses(whole: string): string {
    // What the system says of a connection names its other end.
    let text = whole.replaceAll(
      /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)\s+[^\s,;)]+/g,
      '$1',
    );
    for (const host of hosts) text = text.replaceAll(host, 'its address');
    return text
      .replaceAll(/\b[a-z][a-z\d+.-]*:\/\/[^\s"'<>),]+/gi, 'its address')
      .replaceAll(/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, 'its address')
      .replaceAll(/\[[\da-f:]{3,}\](?::\d+)?/gi, 'its address')
      .replaceAll(/\b[a-z\d-]+(?:\.[a-z\d-]+)*:\d{2,5}\b/gi, 'its address');
  }
  /** As it was where it names nothing. */
  const said = (value: unknown): unknown => {
    if (typeof value !== 'string') return value;
    const reported = withoutAddresses(value);
    return reported === value ? value : cleanSentence(reported);
  };

  const withoutSecrets = (text: string): string =>
    secrets.reduce((left, secret) => left.replaceAll(JSON.stringify(secret).slice(1, -1), '...'), text);

  /** Of a source: its state since when, and numbers; why it is so and where it is are for those who run X-Ray. */
  const source = (fields: Fields): Fields => ({
    ...fields,
    reason: fields.reason === null ? null : 'shares do not say why',
    whatToDo: null,
    url: null,
    details: Object.fromEntries(
      Object.entries(isFields(fields.details) ? fields.details : {}).filter(([, value]) => typeof value !== 'string'),
    ),
  });
  const notice = (fields: Fields): Fields => ({
    ...fields,
    message: said(fields.message),
    whatToDo: said(fields.whatToDo),
  });
  const rule = (fields: Fields): Fields => ({ ...fields, file: null, lastError: said(fields.lastError) });

  const FIELDS: ReadonlyMap<string, (value: unknown) => unknown> = new Map([
    ['notices', (value: unknown) => eachOf(value, notice)],
    ['rules', (value: unknown) => eachOf(value, rule)],
    ['rule', (value: unknown) => (isFields(value) ? rule(value) : value)],
    // Environment variables of a job, which no page shows.
    ['runtimeEnv', () => null],
    ['origin', said],
  ]);
  const OF_HEALTH: typeof FIELDS = new Map([['sources', (value: unknown) => eachOf(value, source)]]);
  const OF_REFUSALS: typeof FIELDS = new Map([['detail', said]]);
  const OF_FAILURES: typeof FIELDS = new Map([['detail', () => 'it could not be had when the share was made']]);

  const fieldsOf = (path: string, status: number): typeof FIELDS => {
    if (status >= 500) return OF_FAILURES;
    if (status >= 400) return OF_REFUSALS;
    return path.split('?', 1)[0] === '/api/health' ? OF_HEALTH : FIELDS;
  };

  return {
    of(path, status, text) {
      const value: unknown = JSON.parse(text);
      if (!isFields(value)) return withoutSecrets(text);
      const fields = fieldsOf(path, status);
      let isChanged = false;
      const kept = Object.entries(value).map(([name, item]): [string, unknown] => {
        const changed = fields.get(name)?.(item);
        if (changed === undefined || JSON.stringify(changed) === JSON.stringify(item)) return [name, item];
        isChanged = true;
        return [name, changed];
      });
      // Written again only where something was left out.
      return withoutSecrets(isChanged ? JSON.stringify(Object.fromEntries(kept)) : text);
    },
  };
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const eachOf = (value: unknown, of: (fields: Fields) => Fields): unknown =>
  Array.isArray(value) ? value.map((item: unknown) => (isFields(item) ? of(item) : item)) : value;
