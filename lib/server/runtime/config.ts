/**
 * What the operator configured: environment first, then xray.yaml, then defaults. Sources never come from a request.
 * Every refusal says the key, the value and what was expected. Over 300 lines: every key that there is stands here, and nowhere else.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { BlockList } from 'node:net';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { errorMessage } from '../../model/error-message.ts';
import { MOST_RETENTION_DAYS } from '../../model/kept-until.ts';
import { ownValue } from '../../model/own-value.ts';
import { byKey } from '../../schema/by-key.ts';
import { errorSentence } from '../../schema/error-sentence.ts';
import type { HttpAuth } from '../../schema/http-auth.ts';
import { issuePath, issueSentence } from '../../schema/issue-sentence.ts';
import type { Durability } from '../../store/durability.ts';
import { isPathSegment } from '../http/canonical-path.ts';
import { trustedProxies } from '../http/client-address.ts';

export interface HttpSource {
  /** Without a trailing slash. */
  readonly url: string;
  readonly auth: HttpAuth;
}

export interface ClusterConfig {
  readonly name: string;
  readonly owner: string | null;
  /** Ray dashboard, e.g. http://10.0.0.1:8265. */
  readonly rayDashboard: HttpSource | null;
  /** Label matchers that select this cluster's series in a shared Prometheus, e.g. {ray_io_cluster: 'prod'}. */
  readonly matchLabels: Readonly<Record<string, string>>;
}

export interface Config {
  readonly host: string;
  readonly port: number;
  /** Absolute. */
  readonly dataDirectory: string;
  /** True: the simulated cluster runs, and nothing else is connected. */
  readonly demo: boolean;
  readonly clusters: readonly ClusterConfig[];
  /** Where a Ray may be found by itself when nothing is configured; null: not looked for. */
  readonly rayDiscovery: HttpSource | null;
  /** null: X-Ray manages a Prometheus of its own. */
  readonly prometheus: HttpSource | null;
  readonly alertmanager: HttpSource | null;
  /** null: chdb in process. */
  readonly clickhouse: (HttpSource & { readonly database: string }) | null;
  /** Needed on any address but loopback. */
  readonly authToken: string | null;
  /** What X-Ray's own requests to itself carry instead: random, new at each start. */
  readonly ownToken: string;
  /** Host names besides loopback's that requests may use where no token is needed (a proxy on this machine). */
  readonly allowedHosts: readonly string[];
  /** Proxies whose X-Forwarded-For, -Proto and -Host are believed. */
  readonly trustedProxies: BlockList;
  readonly retentionDays: { readonly tasks: number; readonly traces: number; readonly alerts: number };
  /** What an acknowledged row survives: the death of X-Ray, or also a power failure. */
  readonly durability: Durability;
  /** How long a start waits for another X-Ray to leave the data directory. */
  readonly startWaitSeconds: number;
  readonly limits: {
    readonly bodyBytes: number;
    readonly decompressedBytes: number;
    readonly records: number;
    readonly depth: number;
    /** Values (messages, lists, texts, numbers, however empty) of one body. */
    readonly values: number;
    /** CPU seconds that one body may take to parse. */
    readonly parseSeconds: number;
    /** Seconds within which a body must have arrived. */
    readonly bodySeconds: number;
    /** Seconds of storing that may wait before ingest answers 429. */
    readonly waitSeconds: number;
    /** Rows waiting to be inserted before ingest answers 429. */
    readonly queueRows: number;
    /** Connections at once (http/connection-limits.ts). */
    readonly connections: number;
  };
  /** Where X-Ray sends its own traces (OTEL_EXPORTER_OTLP_ENDPOINT); null: nowhere. */
  readonly ownTraces: string | null;
}

/** A sentence for the operator. */
export class ConfigError extends Error {
  readonly code = 'config';
}

type Environment = Readonly<Record<string, string | undefined>>;

const FileAuth = {
  bearerToken: z.string().optional(),
  basic: z.strictObject({ user: z.string(), password: z.string() }).optional(),
  headers: byKey(z.string()).optional(),
  caFile: z.string().optional(),
};
const FileSource = z.strictObject({ url: z.string(), ...FileAuth });
const File = z.strictObject({
  clusters: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        owner: z.string().optional(),
        ray: FileSource.optional(),
        matchLabels: byKey(z.string()).optional(),
      }),
    )
    .optional(),
  prometheus: FileSource.optional(),
  alertmanager: FileSource.optional(),
  clickhouse: FileSource.optional(),
  durability: z.enum(['process', 'power']).optional(),
  retentionDays: z
    .strictObject({
      tasks: z.number().int().min(1).max(MOST_RETENTION_DAYS).optional(),
      traces: z.number().int().min(1).max(MOST_RETENTION_DAYS).optional(),
      alerts: z.number().int().min(1).max(MOST_RETENTION_DAYS).optional(),
    })
    .optional(),
});
type FileSourceValue = z.infer<typeof FileSource>;

function readFile(path: string): z.infer<typeof File> {
  if (!existsSync(path)) return {};
  let value: unknown;
  try {
    value = parse(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    throw new ConfigError(`${path} is not valid YAML: ${errorSentence(error, 'the file')}`);
  }
  const parsed = File.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ConfigError(
    `${path}: ${(issue && issuePath(issue)) || 'the file'}: ${issue ? issueSentence(issue) : 'expected another value'}`,
  );
}

function address(key: string, value: string): string {
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw new ConfigError(`${key} is ${JSON.stringify(value)}: expected an address like http://127.0.0.1:9090`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new ConfigError(`${key} is ${JSON.stringify(value)}: expected http:// or https://`);
  return value.replace(/\/+$/, '');
}

/** Now, with the key, and not at the first request. */
function assertReadable(key: string, caFile: string): void {
  try {
    readFileSync(caFile);
  } catch (error) {
    throw new ConfigError(
      `the CA file of ${key}, ${JSON.stringify(caFile)}, cannot be read: ${errorSentence(error, 'the file')}`,
    );
  }
}

const NO_AUTH: HttpAuth = { bearerToken: null, basic: null, headers: {}, caFile: null };

/** Credentials in the address itself (http://user:password@host) become basic authentication. */
function source(key: string, given: FileSourceValue): HttpSource {
  const url = new URL(address(key, given.url));
  const inUrl = url.username
    ? { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }
    : null;
  url.username = '';
  url.password = '';
  if (given.caFile !== undefined) assertReadable(key, given.caFile);
  return {
    url: url.toString().replace(/\/+$/, ''),
    auth: {
      ...NO_AUTH,
      bearerToken: given.bearerToken ?? null,
      basic: given.basic ?? inUrl,
      headers: given.headers ?? {},
      caFile: given.caFile ?? null,
    },
  };
}

function fromEnvironment(environment: Environment, name: string): FileSourceValue | undefined {
  const url = ownValue(environment, `${name}_URL`);
  if (!url) return undefined;
  const token = ownValue(environment, `${name}_BEARER_TOKEN`);
  const user = ownValue(environment, `${name}_USER`);
  const caFile = ownValue(environment, `${name}_CA_FILE`);
  return {
    url,
    ...(token ? { bearerToken: token } : {}),
    ...(user ? { basic: { user, password: ownValue(environment, `${name}_PASSWORD`) ?? '' } } : {}),
    ...(caFile ? { caFile } : {}),
  };
}

function whole(environment: Environment, key: string, preset: number, min: number, max: number): number {
  const value = ownValue(environment, key);
  if (value === undefined || value === '') return preset;
  const count = Number(value);
  if (!Number.isInteger(count) || count < min || count > max)
    throw new ConfigError(`${key} is ${JSON.stringify(value)}: expected a whole number from ${min} to ${max}`);
  return count;
}

const retentionDays = (environment: Environment, of: 'TASKS' | 'TRACES' | 'ALERTS', inFile: number): number =>
  whole(environment, `XRAY_RETENTION_${of}_DAYS`, inFile, 1, MOST_RETENTION_DAYS);

/** The environment wins over xray.yaml, as everywhere. */
function durability(environment: Environment, inFile: Durability | undefined): Durability {
  const value = environment.XRAY_DURABILITY || inFile || 'process';
  if (value !== 'process' && value !== 'power')
    throw new ConfigError(`XRAY_DURABILITY is ${JSON.stringify(value)}: expected process or power`);
  return value;
}

/** RAY_ADDRESS may be a GCS address (host:6379) or `auto`; only an http address is a dashboard. */
function rayDashboard(environment: Environment): FileSourceValue | undefined {
  const ray = environment.RAY_ADDRESS;
  const url = environment.RAY_DASHBOARD_URL ?? (ray?.startsWith('http') ? ray : undefined);
  if (!url) return undefined;
  const token = environment.RAY_AUTH_TOKEN;
  return { url, ...(token ? { bearerToken: token } : {}) };
}

/** XRAY_RAY_DISCOVERY: the address to look at, or `off`. */
function rayDiscovery(environment: Environment): HttpSource | null {
  const url = environment.XRAY_RAY_DISCOVERY || 'http://127.0.0.1:8265';
  if (url === 'off') return null;
  const token = environment.RAY_AUTH_TOKEN;
  return source('XRAY_RAY_DISCOVERY', { url, ...(token ? { bearerToken: token } : {}) });
}

function proxies(list: string): BlockList {
  try {
    return trustedProxies(list);
  } catch (error) {
    throw new ConfigError(`XRAY_TRUSTED_PROXIES: ${errorMessage(error)}`);
  }
}

const isLoopback = (host: string): boolean => /^(127\.\d+\.\d+\.\d+|localhost|::1|\[::1\])$/.test(host);

/** `host:port` where X-Ray's own children reach it: the address it listens on, or loopback where it listens on all. */
export function selfAddress({ host, port }: Pick<Config, 'host' | 'port'>): string {
  const everywhere = host === '0.0.0.0' || host === '::' || host === '[::]';
  const name = everywhere ? '127.0.0.1' : host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return `${name}:${port}`;
}

/** Reads XRAY_CONFIG (default ./xray.yaml) too. Throws ConfigError. */
export function loadConfig(environment: Environment): Config {
  const file = readFile(resolve(environment.XRAY_CONFIG ?? 'xray.yaml'));
  const clusters: ClusterConfig[] = (file.clusters ?? []).map((cluster, i) => ({
    name: cluster.name,
    owner: cluster.owner ?? null,
    rayDashboard: cluster.ray ? source(`clusters.${i}.ray.url`, cluster.ray) : null,
    matchLabels: cluster.matchLabels ?? {},
  }));
  const dashboard = rayDashboard(environment);
  if (dashboard) {
    const name = environment.XRAY_CLUSTER ?? 'ray';
    if (clusters.some((cluster) => cluster.name === name))
      throw new ConfigError(
        `RAY_DASHBOARD_URL names cluster "${name}", which xray.yaml has too: set XRAY_CLUSTER to another name`,
      );
    clusters.push({ name, owner: null, rayDashboard: source('RAY_DASHBOARD_URL', dashboard), matchLabels: {} });
  }
  const names = clusters.map((cluster) => cluster.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice)
    throw new ConfigError(`clusters: the name "${twice}" is there twice: expected a name of its own for each cluster`);

  const odd = names.find((name) => !isPathSegment(name));
  if (odd !== undefined)
    throw new ConfigError(`the cluster name ${JSON.stringify(odd)} cannot stand in an address: expected no slashes`);

  const prometheus = fromEnvironment(environment, 'PROMETHEUS') ?? file.prometheus;
  const alertmanager = fromEnvironment(environment, 'ALERTMANAGER') ?? file.alertmanager;
  const clickhouse = fromEnvironment(environment, 'CLICKHOUSE') ?? file.clickhouse;
  const configured = clusters.length > 0 || prometheus !== undefined || alertmanager !== undefined;
  const option = environment.XRAY_DEMO;
  if (option !== undefined && option !== '' && option !== '0' && option !== '1')
    throw new ConfigError(`XRAY_DEMO is ${JSON.stringify(option)}: expected 0 or 1`);
  if (option === '1' && configured)
    throw new ConfigError(
      'XRAY_DEMO is 1, but sources are configured: demo data is never mixed with real data; unset one of them',
    );

  const host = environment.HOST || '127.0.0.1';
  const authToken = environment.XRAY_AUTH_TOKEN || null;
  if (!isLoopback(host) && !authToken)
    throw new ConfigError(
      `HOST is ${JSON.stringify(host)}, which others can reach: set XRAY_AUTH_TOKEN, or use 127.0.0.1`,
    );
  return {
    host,
    port: whole(environment, 'PORT', 3000, 0, 65_535),
    dataDirectory: resolve(environment.XRAY_DATA_DIR || '.xray'),
    demo: option === '1' || (option !== '0' && !configured),
    clusters,
    rayDiscovery: configured ? null : rayDiscovery(environment),
    prometheus: prometheus ? source('PROMETHEUS_URL', prometheus) : null,
    alertmanager: alertmanager ? source('ALERTMANAGER_URL', alertmanager) : null,
    clickhouse: clickhouse ? { ...source('CLICKHOUSE_URL', clickhouse), database: 'xray' } : null,
    authToken,
    ownToken: randomBytes(32).toString('base64url'),
    allowedHosts: (environment.XRAY_ALLOWED_HOSTS ?? '')
      .split(',')
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== ''),
    trustedProxies: proxies(environment.XRAY_TRUSTED_PROXIES ?? ''),
    retentionDays: {
      tasks: retentionDays(environment, 'TASKS', file.retentionDays?.tasks ?? 90),
      traces: retentionDays(environment, 'TRACES', file.retentionDays?.traces ?? 30),
      alerts: retentionDays(environment, 'ALERTS', file.retentionDays?.alerts ?? 365),
    },
    durability: durability(environment, file.durability),
    startWaitSeconds: whole(environment, 'XRAY_START_WAIT_SECONDS', 30, 0, 600),
    limits: {
      bodyBytes: whole(environment, 'XRAY_LIMIT_BODY_BYTES', 64 * 1024 ** 2, 1024, 2 ** 31),
      decompressedBytes: whole(environment, 'XRAY_LIMIT_DECOMPRESSED_BYTES', 256 * 1024 ** 2, 1024, 2 ** 31),
      records: whole(environment, 'XRAY_LIMIT_RECORDS', 200_000, 1, 10_000_000),
      depth: whole(environment, 'XRAY_LIMIT_DEPTH', 64, 8, 1000),
      values: whole(environment, 'XRAY_LIMIT_VALUES', 10_000_000, 1000, 1_000_000_000),
      parseSeconds: whole(environment, 'XRAY_LIMIT_PARSE_SECONDS', 10, 1, 600),
      bodySeconds: whole(environment, 'XRAY_LIMIT_BODY_SECONDS', 30, 1, 3600),
      waitSeconds: whole(environment, 'XRAY_LIMIT_WAIT_SECONDS', 5, 1, 600),
      queueRows: whole(environment, 'XRAY_LIMIT_QUEUE_ROWS', 500_000, 1, 100_000_000),
      connections: whole(environment, 'XRAY_LIMIT_CONNECTIONS', 1024, 16, 65_536),
    },
    ownTraces: environment.OTEL_EXPORTER_OTLP_ENDPOINT
      ? address('OTEL_EXPORTER_OTLP_ENDPOINT', environment.OTEL_EXPORTER_OTLP_ENDPOINT)
      : null,
  };
}
