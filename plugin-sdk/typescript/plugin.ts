/** What an author gives, and what the gateway calls. */
import { panicked } from "cdr:plugin/host@0.1.0";
import type { Cdr as Handle } from "cdr:plugin/record@0.1.0";
import type { ConfigError, Description, Verdict } from "cdr:plugin/types@0.1.0";
import { Cdr, Fault } from "./cdr.js";
import { redirectConsole } from "./observe.js";
import { withDefaults, type Config, type Schema } from "./schema.js";

/** What becomes of a record: {@link keep}, {@link drop} or {@link suspend}. */
export type { Verdict };

/** The record goes on, with the edits that were made. */
export const keep: Verdict = { tag: "keep" };

/**
 * The record ends here for this destination, for a reason that the ledger
 * counts by. Keep it short, one of few, and free of personal data.
 */
export function drop(reason: string): Verdict {
  return { tag: "drop", val: reason };
}

/** The record waits for a person, for a reason that the delivery shows. */
export function suspend(reason: string): Verdict {
  return { tag: "suspend", val: reason };
}

/** Everything that is wrong with a config, thrown by `configure`. */
export class ConfigErrors extends Error {
  readonly errors: ConfigError[] = [];

  /** One error; {@link add} adds more. */
  static at(pointer: string, message: string): ConfigErrors {
    return new ConfigErrors().add(pointer, message);
  }

  /** Adds an error at a JSON Pointer, such as `/rules/0/when`. */
  add(pointer: string, message: string): this {
    this.errors.push({ pointer, message });
    return this;
  }
}

/** A plugin, for configs of the schema `S`, which prepares a `State`. */
export interface Plugin<S extends Schema, State> {
  /** Its name; by custom that of its package. */
  readonly name: string;
  /** Its semantic version. */
  readonly version: string;
  /** JSON Schema of the config. A plugin without takes none. */
  readonly config?: S;
  /**
   * Takes the config, with the defaults of its schema, checks what a schema
   * cannot say, and prepares what processing needs. Without it the config itself
   * is what `process` gets.
   *
   * @throws ConfigErrors with everything that is wrong.
   */
  configure?(config: Config<S>): State;
  /** Processes one record. */
  process(cdr: Cdr, state: State): Verdict;
}

/** What a component of the world `transform` exports. */
export interface Exports {
  describe(): Description;
  configure(config: string): void;
  process(cdr: Handle): Verdict;
}

/** A config that holds nothing. */
const NO_CONFIG = { type: "object", properties: {}, additionalProperties: false } as const;

/** Makes a plugin: `export const { describe, configure, process } = plugin({ … });` */
export function plugin<const S extends Schema = typeof NO_CONFIG, State = Config<S>>(
  made: Plugin<S, State>,
): Exports {
  const schema = made.config ?? NO_CONFIG;
  let state: State | undefined;
  return {
    describe: () => ({
      name: made.name,
      version: made.version,
      configSchema: JSON.stringify(schema),
    }),

    configure(json) {
      redirectConsole();
      try {
        const config = withDefaults(schema, JSON.parse(json)) as Config<S>;
        state = made.configure ? made.configure(config) : (config as unknown as State);
      } catch (error) {
        if (error instanceof ConfigErrors) {
          throw error.errors;
        }
        if (error instanceof Fault) {
          throw ConfigErrors.at("", error.message).errors;
        }
        throw reported(error);
      }
    },

    process(handle) {
      try {
        return made.process(new Cdr(handle), state as State);
      } catch (error) {
        if (error instanceof Fault) {
          return suspend(error.message);
        }
        throw reported(error);
      }
    },
  };
}

/** A mistake of the plugin's ends the instance; the gateway is told why before. */
function reported(error: unknown): unknown {
  const where = error instanceof Error ? error.stack?.split("\n")[0] : undefined;
  panicked(where ? `${error} (${where})` : String(error));
  return error;
}
