/** Files of the managed Prometheus below <data>/prometheus: its configuration, rules, targets, and who it is. */
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { HttpAuth } from '../../schema/http-auth.ts';
import type { ProcessIdentity } from '../process/process-identity.ts';

export interface ScrapeTargets {
  /** `host:port` of X-Ray's own /metrics. */
  readonly self: string;
  /** Bearer token that X-Ray itself asks for; null where it asks for none. */
  readonly selfToken: string | null;
  /** host:port of demo exporters. */
  readonly demo: readonly string[];
  /** Ray's file_sd files (prom_metrics_service_discovery.json). */
  readonly rayFileSd: readonly string[];
  /** Dashboards of Ray, each of which lists the addresses of its cluster (GET /api/prometheus/sd). */
  readonly rayDashboards: readonly { readonly url: string; readonly auth: HttpAuth }[];
  readonly alertmanagerUrl: string | null;
  /** Prometheus >= 3 refuses what an exporter sends without a content type, unless the job names a protocol. */
  readonly needsFallbackProtocol: boolean;
}

/** prometheus.yml as YAML text. Labels that Ray or the demo export win over those of the scrape. */
export function prometheusConfig(directory: string, targets: ScrapeTargets): string {
  const jobs: object[] = [
    {
      job_name: 'xray',
      scrape_interval: '15s',
      static_configs: [{ targets: [targets.self] }],
      ...(targets.selfToken === null ? {} : { authorization: { credentials: targets.selfToken } }),
    },
    {
      job_name: 'added',
      scrape_interval: '5s',
      scrape_timeout: '4s',
      honor_labels: true,
      file_sd_configs: [{ files: [join(directory, 'targets', '*.json')], refresh_interval: '5s' }],
    },
  ];
  if (targets.rayFileSd.length + targets.rayDashboards.length > 0)
    jobs.push({
      job_name: 'ray',
      scrape_interval: '5s',
      scrape_timeout: '4s',
      honor_labels: true,
      // In one job: an address that both tell is scraped once.
      ...(targets.rayFileSd.length > 0
        ? { file_sd_configs: [{ files: [...targets.rayFileSd], refresh_interval: '5s' }] }
        : {}),
      ...(targets.rayDashboards.length > 0 ? { http_sd_configs: targets.rayDashboards.map(httpDiscovery) } : {}),
    });
  if (targets.demo.length > 0)
    jobs.push({
      job_name: 'demo',
      scrape_interval: '5s',
      scrape_timeout: '4s',
      honor_labels: true,
      static_configs: [{ targets: [...targets.demo] }],
    });
  return stringify({
    global: { scrape_interval: '15s', evaluation_interval: '5s' },
    rule_files: [join(directory, 'rules', '*.yml')],
    ...(targets.alertmanagerUrl === null
      ? {}
      : { alerting: { alertmanagers: [alertmanagerEntry(targets.alertmanagerUrl)] } }),
    scrape_configs: targets.needsFallbackProtocol
      ? jobs.map((job) => ({ ...job, fallback_scrape_protocol: 'PrometheusText0.0.4' }))
      : jobs,
  });
}

/** Ray's discovery over HTTP (ray/dashboard/modules/reporter/reporter_head.py); a Ray without it is found by its file. */
function httpDiscovery({ url, auth }: ScrapeTargets['rayDashboards'][number]): object {
  const { bearerToken, basic, caFile } = auth;
  return {
    url: `${url}/api/prometheus/sd`,
    refresh_interval: '5s',
    // Said, because Prometheus 2.42 sends no type where discovery leaves it out.
    ...(bearerToken === null ? {} : { authorization: { type: 'Bearer', credentials: bearerToken } }),
    ...(basic === null ? {} : { basic_auth: { username: basic.user, password: basic.password } }),
    ...(caFile === null ? {} : { tls_config: { ca_file: caFile } }),
  };
}

function alertmanagerEntry(address: string): object {
  const url = new URL(address);
  return {
    scheme: url.protocol.replace(':', ''),
    ...(url.pathname === '/' ? {} : { path_prefix: url.pathname }),
    static_configs: [
      { targets: [url.port === '' ? `${url.hostname}:${url.protocol === 'https:' ? 443 : 80}` : url.host] },
    ],
  };
}

export function writeManagedFiles(directory: string, targets: ScrapeTargets): void {
  for (const part of ['rules', 'targets', 'tsdb']) mkdirSync(join(directory, part), { recursive: true });
  // It may hold the token; a file that is there keeps its mode, so it is set again.
  const config = join(directory, 'prometheus.yml');
  writeFileSync(config, prometheusConfig(directory, targets), { mode: 0o600 });
  chmodSync(config, 0o600);
  writeFileSync(
    join(directory, 'rules', 'xray.rules.yml'),
    readFileSync(new URL('../rules/xray.rules.yml', import.meta.url)),
  );
}

/** One job's targets; Prometheus reads the file again within 5 s. An empty list ends the job. */
export function writeTargets(
  directory: string,
  job: string,
  targets: readonly string[],
  labels: Readonly<Record<string, string>>,
): void {
  if (!/^[\w-]{1,64}$/.test(job)) throw new RangeError(`job name "${job}": letters, digits, - and _ only`);
  const file = join(directory, 'targets', `${job}.json`);
  const groups = targets.length === 0 ? [] : [{ targets, labels: { job, ...labels } }];
  writeFileSync(`${file}.new`, JSON.stringify(groups));
  renameSync(`${file}.new`, file);
}

const Instance = z.object({ pid: z.number(), started: z.string() });

export function recordInstance(directory: string, identity: ProcessIdentity | null): void {
  writeFileSync(join(directory, 'instance.json'), JSON.stringify(identity));
}

/** The Prometheus a former X-Ray left behind, if its file tells of one. */
export function recordedInstance(directory: string): ProcessIdentity | null {
  try {
    return Instance.parse(JSON.parse(readFileSync(join(directory, 'instance.json'), 'utf8')));
  } catch {
    return null;
  }
}
