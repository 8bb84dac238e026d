/** Labels and message sizes of NCCL Inspector. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes } from '../../../../lib/model/units.ts';
import {
  decodeCommunicator,
  inspectorId,
  nodeOf,
  parseInspectorId,
} from '../../../../lib/sources/nccl/inspector-metrics.ts';
import { parseMessageSize, sizeClass } from '../../../../lib/sources/nccl/message-size.ts';

describe('message sizes', () => {
  it.each([
    ['0B', 0, 0],
    ['1-2B', 1, 1],
    ['16-17KB', 16 * 1024, 16 * 1024],
    ['512-513MB', 512 * 1024 ** 2, 512 * 1024 ** 2],
    ['1000-1001MB', 1000 * 1024 ** 2, 512 * 1024 ** 2],
    ['4-5GB', 4 * 1024 ** 3, 4 * 1024 ** 3],
    ['7-8GB', 7 * 1024 ** 3, 4 * 1024 ** 3],
  ])('%s is %i bytes, of class %i', (text, size, power) => {
    expect(parseMessageSize(text)).toBe(size);
    expect(sizeClass(bytes(size))).toBe(power);
  });
  it.each(['', 'MB', '4-5', '4GiB', '-1B', 'unknown'])('%j is not one', (text) => {
    expect(parseMessageSize(text)).toBeNull();
  });
  it('the class is the largest power of two that is no more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (size) => {
        const power = sizeClass(bytes(size));
        expect(power <= size && size < 2 * power).toBe(true);
      }),
    );
  });
});

describe('a communicator', () => {
  const labels = { comm_name: 'dp', nranks: '16', n_nodes: '2', slurm_job_id: '7', node: 'n1', cluster: 'c' };
  it('on one node is told apart by its node, across nodes it is one', () => {
    expect(decodeCommunicator(labels)).toMatchObject({ name: 'dp', ranks: 16, node: null, cluster: 'c' });
    expect(decodeCommunicator({ ...labels, n_nodes: '1' })).toMatchObject({ node: 'n1' });
    expect(decodeCommunicator({ ...labels, nranks: 'x' })).toBeNull();
  });
  it('has the host that was scraped, not the label that Prometheus put in its place', () => {
    expect(nodeOf({ node: 'target', exported_node: 'scraped' })).toBe('scraped');
    expect(nodeOf({ instance: 'n3:9100' })).toBe('n3');
  });
  it('survives its id, whatever its name', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), fc.nat(4096), (name, cluster, ranks) => {
        const communicator = { cluster, slurmJob: '', name, ranks, nodes: 1, node: 'a:b%' };
        expect(parseInspectorId(inspectorId(communicator))).toEqual(communicator);
      }),
    );
    for (const wrong of ['', 'nccl', 'nccl:a', 'spans:0x1', 'nccl:%:::::']) expect(parseInspectorId(wrong)).toBeNull();
  });
});
