/** Command line of the demo's two programs. */
import { parseArgs } from 'node:util';
import { defaultAnchor } from './world/model.ts';

export interface DemoOptions {
  readonly xray: string;
  readonly port: number;
  readonly seed: number;
  /** A multiple of eight, 8 to 4096. */
  readonly gpus: number;
  /** Of the cluster that trains (gpu-models.ts). */
  readonly gpuModel: string;
  /** What is broken instead of what is broken in the demo (incidents.ts). */
  readonly incident: string | null;
  readonly historyMinutes: number;
  readonly untilMinutes: number;
  readonly readyFile: string | null;
  readonly anchor: number;
  readonly out: string | null;
  readonly stepSeconds: number;
}

/** Reads `--name value` flags; throws Error with a sentence where a number is none. */
export function readOptions(argv: readonly string[], now: number): DemoOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      xray: { type: 'string', default: 'http://127.0.0.1:3000' },
      port: { type: 'string', default: '0' },
      seed: { type: 'string', default: '7' },
      gpus: { type: 'string', default: '64' },
      incident: { type: 'string' },
      'gpu-model': { type: 'string', default: 'h100' },
      'history-minutes': { type: 'string', default: '60' },
      minutes: { type: 'string' },
      'until-minutes': { type: 'string', default: '0' },
      hours: { type: 'string' },
      'ready-file': { type: 'string' },
      anchor: { type: 'string' },
      out: { type: 'string' },
      step: { type: 'string', default: '15' },
    },
  });
  const number = (name: string, text: string): number => {
    const value = Number(text);
    if (!Number.isFinite(value)) throw new Error(`--${name} wants a number, not "${text}".`);
    return value;
  };
  return {
    xray: values.xray.replace(/\/$/, ''),
    port: number('port', values.port),
    seed: number('seed', values.seed),
    gpus: number('gpus', values.gpus),
    gpuModel: values['gpu-model'],
    incident: values.incident ?? null,
    historyMinutes:
      values.hours === undefined
        ? number('minutes', values.minutes ?? values['history-minutes'])
        : 60 * number('hours', values.hours),
    untilMinutes: number('until-minutes', values['until-minutes']),
    readyFile: values['ready-file'] ?? null,
    anchor: values.anchor === undefined ? defaultAnchor(now) : number('anchor', values.anchor),
    out: values.out ?? null,
    stepSeconds: number('step', values.step),
  };
}
