/**
 * The bytes of a file, decompressed where its content (not its name) is gzip or zstd, in bounded chunks. Standard input is kept
 * in a temporary file, because a timeline is read twice.
 */
import { createReadStream, createWriteStream, type ReadStream } from 'node:fs';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { errorMessage } from '../../model/error-message.ts';
import { ownValue } from '../../model/own-value.ts';
import { readUpTo } from '../../model/read-up-to.ts';

/** Why a file cannot be read, for people: no code, no stack. */
export class UnreadableError extends Error {}

const MESSAGE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'reading it is not allowed',
  EISDIR: 'it is a directory',
  Z_DATA_ERROR: 'the gzip data is damaged',
  ZSTD_error_corruption_detected: 'the zstd data is damaged',
  ZSTD_error_checksum_wrong: 'the zstd data is damaged',
  ZSTD_error_prefix_unknown: 'the zstd data is damaged',
  ZSTD_error_frameParameter_windowTooLarge:
    'the zstd data needs a larger window than 128 MiB: compress it without --long',
};

function unreadable(error: unknown, packed: Packing): UnreadableError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // node:zlib says it of both.
  if (code === 'Z_BUF_ERROR') return new UnreadableError(`the ${packed} data ends too early: the file is cut off`);
  return new UnreadableError(ownValue(MESSAGE, code) ?? errorMessage(error));
}

type Packing = 'gzip' | 'zstd' | 'none';
/** First bytes of what is decompressed: RFC 1952; RFC 8878, also of a skippable frame (0x50 to 0x5f) before the first. */
function packingOf(head: Buffer): Packing {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  const magic = head.length >= 4 ? head.readUInt32LE(0) : 0;
  return magic === 0xfd2fb528 || (magic & 0xfffffff0) >>> 0 === 0x184d2a50 ? 'zstd' : 'none';
}

async function packing(path: string): Promise<Packing> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return packingOf(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

const CHUNK = 256 * 1024;

async function* through(raw: ReadStream, unpacked: Duplex): AsyncGenerator<Buffer> {
  // An error of the file ends the decompression, which throws it here.
  raw.on('error', (error) => unpacked.destroy(error));
  try {
    yield* raw.pipe(unpacked) as AsyncIterable<Buffer>;
  } catch (error) {
    // What was decompressed before the damage, while the reader was busy.
    for (let rest: unknown = unpacked.read(); rest instanceof Buffer; rest = unpacked.read()) yield rest;
    throw error;
  } finally {
    raw.destroy();
  }
}

/**
 * Frame after frame: a writer that flushes (Spark's event log) begins a new one each time, and node:zlib ends with the first. Frames
 * that hold no data are skipped.
 */
async function* zstdFrames(path: string): AsyncGenerator<Buffer> {
  const { size } = await stat(path);
  for (let at = 0; at < size; ) {
    const skipped = await skippable(path, at);
    if (skipped > 0) {
      at += skipped;
      continue;
    }
    const frame = createZstdDecompress({ chunkSize: CHUNK });
    yield* through(createReadStream(path, { start: at, highWaterMark: CHUNK }), frame);
    if (frame.bytesWritten === 0) return;
    at += frame.bytesWritten;
  }
}

/** Bytes of the frame without data that begins at `at`; 0 where it is another. */
async function skippable(path: string, at: number): Promise<number> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, at);
    return bytesRead === 8 && (buffer.readUInt32LE(0) & 0xfffffff0) >>> 0 === 0x184d2a50
      ? 8 + buffer.readUInt32LE(4)
      : 0;
  } finally {
    await file.close();
  }
}

/** Rejects with UnreadableError, also in the middle, where gzip data is cut or damaged. */
export async function* openBytes(path: string): AsyncGenerator<Buffer> {
  let packed: Packing = 'none';
  try {
    // Before the stream: one that fails while nobody listens ends the process.
    packed = await packing(path);
    const raw = createReadStream(path, { highWaterMark: CHUNK });
    if (packed === 'none') yield* raw as AsyncIterable<Buffer>;
    else if (packed === 'gzip') yield* through(raw, createGunzip({ chunkSize: CHUNK }));
    else {
      raw.destroy();
      yield* zstdFrames(path);
    }
  } catch (error) {
    throw unreadable(error, packed);
  }
}

/** As openBytes, but ends where the data is cut or damaged, and calls `fault` then. Rejects where nothing can be read at all. */
export async function* bytesToFault(path: string, fault: (error: UnreadableError) => void): AsyncGenerator<Buffer> {
  let isEmpty = true;
  try {
    for await (const chunk of openBytes(path)) {
      isEmpty = false;
      yield chunk;
    }
  } catch (error) {
    if (isEmpty || !(error instanceof UnreadableError)) throw error;
    fault(error);
  }
}

/** The first bytes, decompressed, and whether that is all. What goes wrong after them is found when they are read. */
export async function headOf(path: string, bytes: number): Promise<{ head: Buffer; isWhole: boolean }> {
  let isDamaged = false;
  const whole = bytesToFault(path, () => {
    isDamaged = true;
  });
  const { bytes: head, isWhole } = await readUpTo(whole, bytes - 1);
  return { head: Buffer.from(head.buffer), isWhole: isWhole && !isDamaged };
}

/** Standard input as a file, and how to remove it. */
export async function spoolStandardInput(): Promise<{ path: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'xray-stdin-'));
  const path = join(folder, 'stdin');
  await pipeline(process.stdin, createWriteStream(path));
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}
