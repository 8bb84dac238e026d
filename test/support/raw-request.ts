/** Requests as bytes, because clients repair what an attacker would not. */
import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** By name in lower case; of several the last. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Sends `head` (lines, without the empty one) and `body`; reads until the other side closes, or for `limitMs`. */
export function rawRequest(port: number, head: readonly string[], body = '', limitMs = 20_000): Promise<RawAnswer> {
  return new Promise((done, fail) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.setTimeout(limitMs, () => socket.destroy(new Error(`no end of the answer to ${head[0]}`)));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', (error) => (chunks.length === 0 ? fail(error) : undefined));
    socket.on('close', () => {
      const [top = '', ...rest] = Buffer.concat(chunks).toString('latin1').split('\r\n\r\n');
      const [line = '', ...lines] = top.split('\r\n');
      const headers = new Map(
        lines.map((each): [string, string] => {
          const at = each.indexOf(':');
          return [each.slice(0, at).toLowerCase(), each.slice(at + 1).trim()];
        }),
      );
      done({ status: Number(line.split(' ')[1] ?? 0), headers, body: rest.join('\r\n\r\n') });
    });
    socket.write(`${[...head, 'connection: close'].join('\r\n')}\r\n\r\n${body}`, 'latin1');
  });
}
