const NEWLINE = 0x0a;

/** Bytes that were read and not yet used. Grows by doubling, so that one long event is not copied for each chunk. */
export class ByteWindow {
  bytes = Buffer.alloc(1024 ** 2);
  from = 0;
  to = 0;
  line = 1;
  append(chunk: Uint8Array): void {
    if (this.to + chunk.byteLength > this.bytes.length) {
      const held = this.to - this.from;
      const size = Math.max(this.bytes.length, 2 ** Math.ceil(Math.log2(2 * held + chunk.byteLength + 1)));
      const grown = size > this.bytes.length ? Buffer.alloc(size) : this.bytes;
      this.bytes.copy(grown, 0, this.from, this.to);
      this.bytes = grown;
      [this.from, this.to] = [0, held];
    }
    this.bytes.set(chunk, this.to);
    this.to += chunk.byteLength;
  }
  /** Text up to `until`, which is then used. */
  take(until: number): string {
    const text = this.bytes.toString('utf8', this.from, until);
    this.skip(until);
    return text;
  }
  skip(until: number): void {
    // Of the part alone: a search that goes on behind it costs the whole window for each event of a file of one line.
    const part = this.bytes.subarray(this.from, until);
    for (let at = part.indexOf(NEWLINE); at !== -1; at = part.indexOf(NEWLINE, at + 1)) this.line += 1;
    this.from = until;
  }
}
