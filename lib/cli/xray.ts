/** The `xray` command line: reads it, runs one command, ends with its exit code. Never a stack trace. */
import { readFileSync } from 'node:fs';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { StoreAction } from '../contract/store.ts';
import { errorMessage } from '../model/error-message.ts';
import { ownValue, setOwnValue } from '../model/own-value.ts';
import { runDoctor } from './doctor-command.ts';
import { COMMANDS, type Command, GENERAL_HELP, HELP } from './help.ts';
import { runImport } from './import-command.ts';
import { runOpen } from './open-command.ts';
import { runUp } from './up-command.ts';
import { didYouMean, UsageError } from './usage-error.ts';
import { createXrayClient, xrayUrl } from './xray-client.ts';

const OPTIONS: Record<Command, ParseArgsOptionsConfig> = {
  up: {
    port: { type: 'string' },
    host: { type: 'string' },
    'data-dir': { type: 'string' },
    demo: { type: 'boolean' },
    'no-demo': { type: 'boolean' },
    dev: { type: 'boolean' },
  },
  doctor: {
    json: { type: 'boolean' },
    xray: { type: 'string' },
    'data-dir': { type: 'string' },
    store: { type: 'boolean' },
    check: { type: 'boolean' },
    repair: { type: 'boolean' },
    accept: { type: 'boolean' },
    'confirm-clock': { type: 'boolean' },
  },
  import: {
    json: { type: 'boolean' },
    cluster: { type: 'string' },
    session: { type: 'string' },
    job: { type: 'string' },
    xray: { type: 'string' },
  },
  open: { xray: { type: 'string' } },
};

const STORE_ACTIONS = StoreAction.shape.action.options;

const isCommand = (word: string): word is Command => COMMANDS.some((command) => command === word);

/** npm runs scripts in the package's folder: paths start where the user stood. */
const from = process.env.npm_lifecycle_event === 'xray' && process.env.INIT_CWD ? process.env.INIT_CWD : process.cwd();

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

function version(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return version;
}

interface Line {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
}

/** Throws UsageError that names the unknown option, and the one that was probably meant. */
function parseLine(command: Command, args: readonly string[]): Line {
  const options: ParseArgsOptionsConfig = { ...OPTIONS[command], help: { type: 'boolean', short: 'h' } };
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const read: Record<string, string | boolean | undefined> = {};
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const option = ownValue(options, token.name);
    if (!option) {
      const meant = didYouMean(token.name, Object.keys(options));
      throw new UsageError(
        `${command} has no option ${token.rawName}${meant ? `: did you mean --${meant}?` : ''}`,
        `xray ${command} --help lists them`,
      );
    }
    const value = ownValue(values, token.name);
    if (option.type === 'string' && typeof value !== 'string')
      throw new UsageError(`${token.rawName} needs a value`, `write ${token.rawName} VALUE`);
    if (option.type === 'boolean' && token.value !== undefined)
      throw new UsageError(`${token.rawName} takes no value`, `write just ${token.rawName}`);
    if (typeof value === 'string' || typeof value === 'boolean') setOwnValue(read, token.name, value);
  }
  return { values: read, positionals };
}

async function run(args: readonly string[]): Promise<number> {
  const [word, ...rest] = args;
  if (word === undefined || word === 'help' || word === '--help' || word === '-h') {
    const topic = rest[0];
    process.stdout.write(topic !== undefined && isCommand(topic) ? HELP[topic] : GENERAL_HELP);
    return word === undefined ? 2 : 0;
  }
  if (word === '--version' || word === '-V' || word === 'version') {
    print(version());
    return 0;
  }
  if (!isCommand(word)) {
    const meant = didYouMean(word, COMMANDS);
    throw new UsageError(
      `there is no command "${word}"${meant ? `: did you mean ${meant}?` : ''}`,
      `commands are ${COMMANDS.join(', ')}; xray --help tells more`,
    );
  }
  const { values, positionals } = parseLine(word, rest);
  if (values.help === true) {
    process.stdout.write(HELP[word]);
    return 0;
  }
  const text = (name: string): string | undefined => {
    const value = ownValue(values, name);
    return typeof value === 'string' ? value : undefined;
  };
  const extra = word === 'open' ? positionals[1] : word === 'import' ? undefined : positionals[0];
  if (extra !== undefined)
    throw new UsageError(`${word} does not take "${extra}"`, `xray ${word} --help says what it takes`);
  const client = () => createXrayClient(xrayUrl(text('xray'), process.env), process.env.XRAY_AUTH_TOKEN);
  switch (word) {
    case 'up': {
      if (values.demo && values['no-demo']) throw new UsageError('--demo and --no-demo exclude each other', 'keep one');
      const demo = values.demo ? true : values['no-demo'] ? false : undefined;
      return runUp(
        { port: text('port'), host: text('host'), dataDirectory: text('data-dir'), demo, dev: values.dev === true },
        from,
      );
    }
    case 'doctor':
      return runDoctor(
        client(),
        {
          json: values.json === true,
          store: values.store === true,
          actions: STORE_ACTIONS.filter((action) => values[action] === true),
          dataDirectory: text('data-dir'),
          from,
        },
        print,
      );
    case 'import':
      return runImport(
        client(),
        {
          paths: positionals,
          json: values.json === true,
          cluster: text('cluster') ?? null,
          session: text('session') ?? null,
          job: text('job') ?? null,
        },
        from,
        print,
      );
    case 'open':
      return runOpen(client(), positionals[0], print);
  }
}

// A reader that has seen enough (| head) is no error.
process.stdout.on('error', (error) => process.exit('code' in error && error.code === 'EPIPE' ? 0 : 1));
try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const detail = errorMessage(error);
  process.stderr.write(`xray: ${detail}\n`);
  if (error instanceof UsageError) process.stderr.write(`      ${error.hint}\n`);
  process.exitCode = 2;
}
