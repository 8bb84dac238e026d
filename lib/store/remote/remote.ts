/** ClickHouse over its HTTP interface (https://clickhouse.com/docs/interfaces/http). */
import { errorMessage } from '../../model/error-message.ts';
import { setOwnValue } from '../../model/own-value.ts';
import {
  type Engine,
  encoded,
  INSERT_SETTINGS,
  type Param,
  paramText,
  type Query,
  type SelectOptions,
  StoreError,
  storeErrorCode,
  storeFailure,
} from '../engine.ts';
import { readRows } from '../read-rows.ts';
import { createPost, type PostAnswer, type PostTarget } from './http-post.ts';

/** Bytes of one answer, decompressed: a million rows of 500 bytes. */
const MOST_BYTES = 512 * 1024 ** 2;

/** `mostBytes`: of one answer. Throws where the CA file cannot be read. */
export function openRemote(store: PostTarget, mostBytes = MOST_BYTES): Engine {
  const send = createPost(store);

  async function post(
    what: string,
    during: 'query' | 'insert',
    query: Record<string, string>,
    body: string | Uint8Array,
    options: SelectOptions,
  ): Promise<Buffer> {
    const timeout = AbortSignal.timeout((options.timeoutMs ?? 20_000) + 2_000);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    let answer: PostAnswer;
    try {
      answer = await send(`?${new URLSearchParams(query)}`, body, { signal, mostBytes });
    } catch (error) {
      const detail = errorMessage(error);
      if (options.signal?.aborted) throw new StoreError('store-cancelled', `${what} was cancelled`, { cause: error });
      throw new StoreError(
        timeout.aborted ? 'store-timeout' : 'store-failed',
        `${what} failed: ${detail} (${store.url})`,
        { cause: error },
      );
    }
    if (answer.status >= 200 && answer.status < 300) return answer.bytes;
    const text = answer.bytes.toString();
    throw storeFailure(storeErrorCode(text, during), what, text.slice(0, 2000));
  }

  function ask(
    query: Query<unknown>,
    params: Readonly<Record<string, Param>>,
    options: SelectOptions,
    format: 'JSONEachRow' | 'RowBinary',
  ): Promise<Buffer> {
    const settings: Record<string, string> = {
      default_format: format,
      output_format_json_quote_64bit_integers: '1',
      max_execution_time: String((options.timeoutMs ?? 20_000) / 1000),
      max_result_rows: String(options.maxRows ?? 1_000_000),
      result_overflow_mode: 'throw',
      wait_end_of_query: '1',
      // An aborted request ends its query in the server too.
      cancel_http_readonly_queries_on_client_close: '1',
    };
    for (const [name, value] of Object.entries(params)) setOwnValue(settings, `param_${name}`, paramText(value));
    return post(`query "${query.name}"`, 'query', settings, query.sql, options);
  }

  return {
    kind: 'clickhouse',
    async select<Row>(query: Query<Row>, params: Readonly<Record<string, Param>> = {}, options: SelectOptions = {}) {
      return readRows(query, await ask(query, params, options, 'JSONEachRow'));
    },
    selectBytes: (query, params = {}, options = {}) => ask(query, params, options, 'RowBinary'),
    async insert(table, rows) {
      const { count, lines } = encoded(rows);
      if (count === 0) return;
      const settings = Object.fromEntries(
        Object.entries(INSERT_SETTINGS).map(([name, value]) => [name, String(value)]),
      );
      await post(
        `insert of ${count} rows into ${table}`,
        'insert',
        { query: `INSERT INTO ${table} FORMAT JSONEachRow`, ...settings },
        lines,
        { timeoutMs: 60_000 },
      );
    },
    async insertFrom(table, query, params) {
      const settings: Record<string, string> = { wait_end_of_query: '1' };
      for (const [name, value] of Object.entries(params)) setOwnValue(settings, `param_${name}`, paramText(value));
      await post(`query "${query.name}" into ${table}`, 'query', settings, `INSERT INTO ${table} ${query.sql}`, {
        timeoutMs: 600_000,
      });
    },
    async command(sql) {
      await post('command', 'query', {}, sql, { timeoutMs: 60_000 });
    },
    async close() {},
  };
}
