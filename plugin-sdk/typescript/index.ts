/**
 * Write plugins for the CDR gateway in TypeScript.
 *
 * A plugin is one call of {@link plugin}, whose result is exported. It gets
 * each call detail record as a {@link Cdr}, looks at it, edits it, and returns
 * a {@link Verdict}: the record goes on, ends here, or waits for a person.
 *
 * What it may rely on, and what it must keep to:
 *
 * - It is **pure**: what it returns depends on the record, its config and the
 *   lookup tables only. The gateway runs it again at will, after a crash, for
 *   a replay or for a dry run. So it keeps nothing from one record to the next.
 * - It has no files, sockets or environment, and limits on memory, time,
 *   output and log lines. There is no `fetch`, no timer; the clock stands still.
 * - What it does not touch leaves the gateway byte for byte as it came.
 * - Whatever it throws parks the record for a person, with the message. A
 *   record is never passed on half-processed.
 * - Reasons, messages, log lines and counters must not hold personal data.
 */
export { Cdr, Fault, type Json, type Match } from "./cdr.js";
export { count, log, type Level } from "./observe.js";
export { ConfigErrors, drop, keep, plugin, suspend, type Plugin, type Verdict } from "./plugin.js";
export type { Config, Schema } from "./schema.js";
export { lookup, longestPrefix, type PrefixMatch } from "./tables.js";
export type * from "./tccc.js";
