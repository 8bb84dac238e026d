/**
 * An image as PNG (W3C PNG 3rd edition), by node:zlib: encoders in JavaScript deflate a timeline in four times the time, and
 * somebody waits for it. Every line is filtered by the one above (filter type 2), which it mostly equals.
 */
import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';

const compress = promisify(deflate);
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const UP = 2;

function chunk(type: string, data: Uint8Array): Buffer {
  const made = Buffer.alloc(data.length + 12);
  made.writeUInt32BE(data.length, 0);
  made.write(type, 4, 'latin1');
  made.set(data, 8);
  made.writeUInt32BE(crc32(made.subarray(4, data.length + 8)), data.length + 8);
  return made;
}

/** `pixels`: 0xAABBGGRR, row-major; what they say of transparency is left out. */
export async function encodePng(pixels: Uint32Array, width: number, height: number): Promise<Buffer> {
  const stride = width * 3 + 1;
  const lines = Buffer.alloc(stride * height);
  for (let y = 0, at = 0; y < height; y++) {
    lines[at++] = UP;
    for (let x = 0; x < width; x++) {
      const here = pixels[y * width + x] ?? 0;
      const above = y === 0 ? 0 : (pixels[(y - 1) * width + x] ?? 0);
      lines[at++] = (here & 255) - (above & 255);
      lines[at++] = ((here >> 8) & 255) - ((above >> 8) & 255);
      lines[at++] = ((here >> 16) & 255) - ((above >> 16) & 255);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits of each of red, green, blue; deflate, no interlacing.
  header.set([8, 2, 0, 0, 0], 8);
  const data = await compress(lines, { level: 1 });
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', new Uint8Array(0))]);
}
