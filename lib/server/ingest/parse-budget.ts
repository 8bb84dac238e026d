/**
 * What one body may cost while it is decoded: values, CPU time of the thread, bytes of rows. The bytes of a body bound
 * none of them: 1 MB of gzip holds 100 million empty messages, and one resource is written again with each of its spans.
 */

import { ProblemError } from '../http/problem.ts';
import type { Config } from '../runtime/config.ts';

type Limits = Config['limits'];

const LOOK_EVERY = 8_192;

export class ParseBudget {
  readonly depth: number;
  private readonly limits: Limits;
  private readonly began = process.threadCpuUsage();
  private values = 0;
  private nextLook = LOOK_EVERY;
  private rowBytes = 0;

  constructor(limits: Limits) {
    this.limits = limits;
    this.depth = limits.depth;
  }

  /** Throws ProblemError 413 where the body has more values than the limit, or took longer. */
  readonly spend = (values: number): void => {
    this.values += values;
    if (this.values < this.nextLook) return;
    this.nextLook = this.values + LOOK_EVERY;
    if (this.values > this.limits.values)
      throw new ProblemError(
        'too-large',
        `the body has more than ${this.limits.values} values (messages, lists, texts, numbers; empty ones count): send smaller batches`,
      );
    this.look();
  };

  /** Throws ProblemError 413 where the rows of one body are more than the limit of a body. */
  readonly write = (bytes: number): void => {
    this.rowBytes += bytes;
    if (this.rowBytes > this.limits.decompressedBytes)
      throw new ProblemError(
        'too-large',
        `the rows of this body have more than ${this.limits.decompressedBytes} bytes (each span is stored with its resource and scope): send smaller batches`,
      );
    this.look();
  };

  /** Throws ProblemError 413 where the body took longer than the limit. */
  look(): void {
    const { user, system } = process.threadCpuUsage(this.began);
    if (user + system > this.limits.parseSeconds * 1e6)
      throw new ProblemError(
        'too-large',
        `the body took more than ${this.limits.parseSeconds} s to parse: send smaller batches`,
      );
  }
}
