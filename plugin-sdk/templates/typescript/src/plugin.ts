/** Drops calls that were too short, and notes the minutes of the others. */
import { count, drop, keep, plugin } from "cdr-plugin-sdk";
import { name, version } from "../package.json";

export const { describe, configure, process } = plugin({
  name,
  version,

  // What operators may set. The types below follow from it.
  config: {
    type: "object",
    properties: {
      min_seconds: {
        type: "integer",
        description: "Calls of fewer seconds are dropped.",
        minimum: 0,
        default: 5,
      },
    },
    additionalProperties: false,
  },

  process(cdr, config) {
    if (cdr.kind !== "cdr") {
      return keep; // a recording or voicemail
    }
    const seconds = cdr.get("/Duration");
    if (seconds === undefined) {
      return keep;
    }
    if (seconds < config.min_seconds) {
      return drop("short_call");
    }
    const minutes = Math.ceil(seconds / 60);
    cdr.set("/Minutes", minutes);
    count("minutes", minutes);
    return keep;
  },
});
