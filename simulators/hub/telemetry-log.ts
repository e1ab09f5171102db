/** One message as a hub took it. */
export interface TelemetryMessage {
  readonly at: string;
  readonly hub: string;
  readonly deviceId: string;
  readonly moduleId: string | undefined;
  /** Length of the body; what stands in it is the device's business, and its first part is kept for people. */
  readonly bodyBytes: number;
  readonly bodyText: string;
  /** Application properties. */
  readonly properties: Readonly<Record<string, string>>;
}

const TEXT_KEPT = 256;

/** The last messages, oldest first, and how many came of each device; a bounded ring. */
export class TelemetryLog {
  readonly #limit: number;
  #messages: TelemetryMessage[] = [];
  #next = 0;

  constructor(limit = 50_000) {
    this.#limit = limit;
  }

  add(message: Omit<TelemetryMessage, 'bodyBytes' | 'bodyText'> & { readonly body: Uint8Array }): void {
    const { body, ...rest } = message;
    this.#messages[this.#next] = {
      ...rest,
      bodyBytes: body.length,
      bodyText: Buffer.from(body.subarray(0, TEXT_KEPT)).toString('utf8'),
    };
    this.#next = (this.#next + 1) % this.#limit;
  }

  list(): TelemetryMessage[] {
    return [...this.#messages.slice(this.#next), ...this.#messages.slice(0, this.#next)];
  }

  clear(): void {
    this.#messages = [];
    this.#next = 0;
  }
}
