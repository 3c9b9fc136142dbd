/** What a plugin tells its operators: log lines and counters. */
import { count as add, log as write, type Level } from "cdr:plugin/host@0.1.0";

export type { Level };

/**
 * Writes one line to the gateway's log. Lines beyond the limit per record are
 * counted, not kept. Personal data does not belong here.
 *
 * `console.log` and its kin write here, too.
 */
export function log(level: Level, message: string): void {
  write(level, message);
}

/**
 * Adds to a counter of the plugin's own, which the gateway's metrics show.
 * Names are few and fixed; a value of the record is not a name.
 */
export function count(counter: string, delta = 1): void {
  add(counter, BigInt(delta));
}

type Write = (...values: unknown[]) => void;

declare global {
  /** Writes to the gateway's log. */
  var console: { error: Write; warn: Write; info: Write; log: Write; debug: Write };
}

/** Has the console write to the gateway's log: there is no other output. */
export function redirectConsole(): void {
  const to =
    (level: Level): Write =>
    (...values) =>
      write(level, values.map(text).join(" "));
  globalThis.console = {
    error: to("error"),
    warn: to("warn"),
    info: to("info"),
    log: to("info"),
    debug: to("debug"),
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
}
