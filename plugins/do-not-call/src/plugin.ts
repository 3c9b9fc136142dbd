/**
 * Keeps the calls of those who do not want to be called from a destination: a
 * dialler, a campaign tool, whoever calls back.
 *
 * Who that is says a lookup table, whose keys are numbers in international form
 * without `+`. Its value is the last day on which the entry holds, as
 * `2026-12-31`, or empty for one that holds for ever.
 *
 * A number that cannot be read (masked, protected, withheld) is in no table. So
 * that it does not slip through, its record waits for a person, unless the
 * config says otherwise.
 */
import {
  type Cdr,
  ConfigErrors,
  count,
  drop,
  Fault,
  keep,
  lookup,
  plugin,
  suspend,
  type Verdict,
} from "cdr-plugin-sdk";
import { name, version } from "../package.json";
import { international } from "./number.js";

/** The user called. */
const INBOUND = 0;

export const { describe, configure, process } = plugin({
  name,
  version,

  config: {
    type: "object",
    properties: {
      table: {
        type: "string",
        description: "The lookup table. It must be granted under `tables`.",
        default: "do_not_call",
      },
      country: {
        type: "string",
        description: "Calling code of numbers that are written without one.",
        pattern: "^[1-9][0-9]{0,2}$",
        default: "86",
      },
      unreadable: {
        enum: ["suspend", "drop", "keep"],
        description: "What becomes of a record whose number cannot be read.",
        default: "suspend",
      },
    },
    additionalProperties: false,
  },

  configure(config) {
    try {
      lookup(config.table, "");
    } catch (missing) {
      // A record should not be what finds out.
      throw missing instanceof Fault ? ConfigErrors.at("/table", missing.message) : missing;
    }
    return config;
  },

  process(cdr, config) {
    const written = userNumber(cdr);
    if (written === undefined) {
      return keep;
    }
    const readings = international(written, config.country);
    if (readings.length === 0) {
      count(`unreadable.${config.unreadable}`);
      return unreadable(config.unreadable);
    }
    const isListed = readings.some((number) => {
      const until = lookup(config.table, number);
      return until !== undefined && holds(until, cdr.receivedMs);
    });
    return isListed ? drop("do_not_call") : keep;
  },
});

/**
 * The user's own number as the sender writes it, which may be anything; none in
 * records without.
 */
function userNumber(cdr: Cdr): unknown {
  switch (cdr.kind) {
    case "cdr":
      return cdr.get(cdr.get("/Direction") === INBOUND ? "/Caller" : "/Callee") ?? "";
    case "record":
    case "voicemail": {
      const side: unknown = cdr.get("/EndpointUser") ?? "";
      return String(side).includes("@") ? undefined : side; // the agent's side
    }
    default:
      return undefined;
  }
}

function unreadable(wish: string): Verdict {
  switch (wish) {
    case "drop":
      return drop("number_unreadable");
    case "keep":
      return keep;
    default:
      return suspend("the user's number cannot be read, so it cannot be looked up");
  }
}

/** Whether an entry still holds at a time; the day is that of UTC. */
function holds(until: string, atMs: number): boolean {
  return until === "" || new Date(atMs).toISOString().slice(0, 10) <= until;
}
