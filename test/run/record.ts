/**
 * `npm run record -- <system>/<scenario>`: records a fixture again from the real system, with the script that recorded
 * it. The result lands beside the fixtures, never over them: compare, then copy what a test needs with its PROVENANCE.
 * Without a scenario: what there is, what it needs, and where the last recording is used.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const root = resolve(import.meta.dirname, '../..');
const scripts = join(root, 'test/record');

interface Scenario {
  readonly name: string;
  readonly says: string;
  /** Programs on PATH. */
  readonly programs: readonly string[];
  /** Installed into an environment of their own. */
  readonly python: readonly string[];
  readonly minutes: number;
  /** Folders of test/fixtures that came from it. */
  readonly fixtures: readonly string[];
  /** Arguments of python, and what must lie ready; `out` is empty. */
  readonly prepare: (out: string) => {
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
}

const RAY_PYTHON = [
  'ray[default]==2.58.0',
  'opentelemetry-sdk==1.45.2',
  'opentelemetry-exporter-otlp-proto-http==1.45.2',
  'psutil',
  'pyarrow==26.0.1',
  'numpy',
];

function ray(scenario: string, says: string, minutes: number, programs: readonly string[]): Scenario {
  return {
    name: `ray/${scenario}`,
    says: `${says}; leaves what was captured as it came (raw), and the workload's own ledger`,
    programs,
    python: RAY_PYTHON,
    minutes,
    fixtures: [`ray/2.58.0/${scenario}`],
    prepare(out) {
      const app = join(out, 'app');
      mkdirSync(join(app, 'jobdir'), { recursive: true });
      writeFileSync(join(app, 'jobdir/stage.txt'), 'dev\n');
      for (const file of ['record.py', 'flows.py', 'ledger.py', 'sink.py', 'tracing_hook.py'])
        cpSync(join(scripts, 'ray', file), join(app, file));
      cpSync(join(scripts, 'ray', scenario), app, { recursive: true });
      return { args: [join(app, 'record.py'), scenario, join(out, 'raw')], env: { RECORD_APP: app } };
    },
  };
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'prometheus/alerts',
    says: 'Prometheus and Alertmanager through one incident; the scraped series are simulated, the servers are real',
    programs: ['prometheus', 'prometheus-alertmanager'],
    python: [],
    minutes: 2,
    fixtures: ['prometheus/2.42.0/alerts', 'alertmanager/0.25.0/alerts'],
    prepare: (out) => ({
      args: [
        join(scripts, 'prometheus/record_alerts.py'),
        join(root, 'test/fixtures/prometheus/2.42.0/alerts/variant.json'),
        join(out, 'prometheus'),
        join(out, 'alertmanager'),
      ],
      env: {},
    }),
  },
  {
    name: 'torch/otlp-steps',
    says: 'OTLP spans of 4 ranks over gloo on the CPU, one of them slow',
    programs: [],
    python: ['torch==2.15.0', 'numpy', 'opentelemetry-sdk==1.45.2', 'opentelemetry-exporter-otlp-proto-http==1.45.2'],
    minutes: 3,
    fixtures: ['torch/2.15.0/otlp-steps'],
    prepare: (out) => ({
      args: [
        join(scripts, 'torch/record_steps.py'),
        'otlp',
        join(out, 'otlp-steps'),
        join(scripts, 'torch/pattern.json'),
      ],
      env: {},
    }),
  },
  ray('mixed', 'two raylets on one host: jobs that succeed, fail, are stopped, and live on', 8, ['prometheus', 'nice']),
  ray('truncated', '12,400 tasks: more than the State API answers', 10, ['prometheus', 'nice']),
  ray('oom', 'kills by the memory monitor: run it in a container with a memory limit of 4 GiB', 8, [
    'prometheus',
    'nice',
  ]),
];

const isOnPath = (name: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, name)));

/** Where missing programs come from. */
const PACKAGES: Readonly<Record<string, string>> = {
  prometheus: 'apt-get install prometheus',
  'prometheus-alertmanager': 'apt-get install prometheus-alertmanager',
};

function fail(message: string): never {
  process.stderr.write(`record: ${message}\n`);
  process.exit(2);
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  const step = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  if (step.status !== 0) {
    process.stderr.write(`record: ${command} ended with ${step.status ?? step.signal}\n`);
    process.exit(1);
  }
}

/** Python of an environment with these packages; the system's where none is needed. */
function pythonWith(packages: readonly string[], folder: string): string {
  if (packages.length === 0) return 'python3';
  const python = join(folder, 'bin/python');
  if (!existsSync(python)) run('python3', ['-m', 'venv', folder]);
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
  return python;
}

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  options: { out: { type: 'string' } },
  allowPositionals: true,
});
const [wanted] = positionals;
if (wanted === undefined) {
  for (const scenario of SCENARIOS) {
    const needs = [...scenario.programs, ...scenario.python.map((name) => `${name} (installed)`)];
    console.log(`${scenario.name.padEnd(18)} ${scenario.says}`);
    console.log(
      `${' '.repeat(19)}about ${scenario.minutes} minutes; needs python3${needs.map((need) => `, ${need}`).join('')}`,
    );
    console.log(`${' '.repeat(19)}for test/fixtures/${scenario.fixtures.join(', test/fixtures/')}`);
  }
  console.log('\nnpm run record -- <system>/<scenario> [--out DIR]');
} else {
  const scenario = SCENARIOS.find((each) => each.name === wanted);
  if (!scenario) fail(`there is no scenario "${wanted}": there are ${SCENARIOS.map((each) => each.name).join(', ')}`);
  const missing = scenario.programs.filter((name) => !isOnPath(name));
  if (missing.length > 0)
    fail(
      `${scenario.name} needs ${missing.join(', ')} on PATH: ${missing.map((name) => PACKAGES[name] ?? 'install it').join('; ')}`,
    );
  const data = resolve(root, process.env.XRAY_DATA_DIR || '.xray');
  const out = values.out ? resolve(values.out) : join(data, 'recordings', scenario.name);
  if (existsSync(out)) fail(`${out} is there already: move it away, or give another with --out`);
  mkdirSync(out, { recursive: true });
  const python = pythonWith(scenario.python, join(data, 'recordings', `python-${scenario.name.split('/')[0]}`));
  const { args, env } = scenario.prepare(out);
  process.stderr.write(`record: ${scenario.name}, about ${scenario.minutes} minutes, into ${out}\n`);
  run(python, args, { PYTHONDONTWRITEBYTECODE: '1', ...env });
  console.log(`recorded ${scenario.name} into ${out}`);
  console.log(`compare it with test/fixtures/${scenario.fixtures.join(' and test/fixtures/')}, then copy it there`);
}
