/**
 * Lookup tables. The gateway loads and holds them once for all plugins; which
 * ones a plugin may use is granted in its config, under `tables`.
 */
import {
  lookup as find,
  lookupPrefix,
  type PrefixMatch,
  type TableError,
} from "cdr:plugin/tables@0.1.0";
import { Fault } from "./cdr.js";

export type { PrefixMatch };

/**
 * The value of a key; `undefined` where the table has no such key. Of a table
 * with several columns it is a JSON object of them, as text.
 *
 * @throws Fault where no table of this name was granted to the plugin.
 */
export function lookup(table: string, key: string): string | undefined {
  return granted(() => find(table, key));
}

/** The value of the longest key of the table that `key` begins with. */
export function longestPrefix(table: string, key: string): PrefixMatch | undefined {
  return granted(() => lookupPrefix(table, key));
}

function granted<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    const refused = (error as { payload?: TableError }).payload;
    if (refused === undefined) {
      throw error;
    }
    throw new Fault(
      `table ${JSON.stringify(refused.val)} is not granted to this plugin; name it under \`tables\``,
    );
  }
}
