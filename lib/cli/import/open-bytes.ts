/**
 * The bytes of a file, decompressed where its content (not its name) is gzip, in bounded chunks. Standard input is kept
 * in a temporary file, because a timeline is read twice.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ownValue } from '../../model/own-value.ts';

/** Why a file cannot be read, for people: no code, no stack. */
export class UnreadableError extends Error {}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'reading it is not allowed',
  EISDIR: 'it is a directory',
  Z_BUF_ERROR: 'the gzip data ends too early: the file is cut off',
  Z_DATA_ERROR: 'the gzip data is damaged',
};

function unreadable(error: unknown): UnreadableError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return new UnreadableError(ownValue(WORDS, code) ?? (error instanceof Error ? error.message : String(error)));
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

/** Rejects with UnreadableError, also in the middle, where gzip data is cut or damaged. */
export async function* openBytes(path: string): AsyncGenerator<Buffer> {
  try {
    // Before the stream: one that fails while nobody listens ends the process.
    const packed = await isGzip(path);
    const raw = createReadStream(path, { highWaterMark: 256 * 1024 });
    if (!packed) yield* raw as AsyncIterable<Buffer>;
    else {
      const gunzip = createGunzip({ chunkSize: 256 * 1024 });
      // An error of the file ends the decompression, which throws it here.
      raw.on('error', (error) => gunzip.destroy(error));
      yield* raw.pipe(gunzip) as AsyncIterable<Buffer>;
    }
  } catch (error) {
    throw unreadable(error);
  }
}

/** The first bytes, decompressed, and whether that is all. What goes wrong after them is found when they are read. */
export async function headOf(path: string, bytes: number): Promise<{ head: Buffer; isWhole: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of openBytes(path)) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size >= bytes) return { head: Buffer.concat(chunks), isWhole: false };
    }
  } catch (error) {
    if (size === 0) throw error;
    return { head: Buffer.concat(chunks), isWhole: false };
  }
  return { head: Buffer.concat(chunks), isWhole: true };
}

/** Standard input as a file, and how to remove it. */
export async function spoolStandardInput(): Promise<{ path: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'xray-stdin-'));
  const path = join(folder, 'stdin');
  await pipeline(process.stdin, createWriteStream(path));
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}
