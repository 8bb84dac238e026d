/** What the demo's State API and Jobs API answer a request with. */
export interface ApiAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}
