/** The record as a plugin sees it. */
import type { Cdr as Handle, EditError, Match as Found } from "cdr:plugin/record@0.1.0";
import type { Fields } from "./tccc.js";

/** A JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/**
 * Why a record could not be processed. Thrown, it suspends the record with its
 * message, for a person; the edits made before it do not leave the gateway.
 *
 * Anything else that is thrown is taken for a mistake of the plugin's, and
 * counts as its failure. The message is shown to operators: it names places,
 * never values of the record.
 */
export class Fault extends Error {}

/** One place that a pattern matched, or that holds a number. */
export interface Match {
  /** JSON Pointer of the place. */
  readonly pointer: string;
  /** The value there, as JSON text with its tokens untouched. */
  readonly json: string;
  /** The value there. */
  readonly value: Json;
}

/**
 * A call detail record, held by the gateway and opened only where a plugin
 * looks: every method is a call to the gateway, so ask for the places that are
 * needed rather than for the whole text.
 *
 * Places are named by JSON Pointer (RFC 6901): `/SeatUser/Name`,
 * `/ServeParticipants/0/Phone`, and the empty string for the whole document. A
 * *pattern* is a pointer in which the token `*` stands for every element of an
 * array, such as every participant by `/ServeParticipants/*`.
 */
export class Cdr {
  readonly #handle: Handle;

  constructor(handle: Handle) {
    this.#handle = handle;
  }

  /**
   * The value at a pointer; `undefined` where nothing or `null` is there. Of a
   * duplicated key, the last. The fields of Tencent Cloud Contact Center come
   * with their types; what a sender really sends may be anything.
   *
   * Whole numbers beyond 2^53 lose digits, as everywhere in JavaScript; see
   * {@link json}.
   */
  get<P extends keyof Fields>(pointer: P): Fields[P] | undefined;
  get(pointer: string): Exclude<Json, null> | undefined;
  get(pointer: string): Json | undefined {
    const json = this.json(pointer);
    return json === undefined ? undefined : (JSON.parse(json) ?? undefined);
  }

  /**
   * The value at a pointer as JSON text, every token as the sender wrote it;
   * `undefined` where nothing is there.
   */
  json(pointer: string): string | undefined {
    return this.#handle.get(pointer);
  }

  /** Every match of a pattern, duplicated keys included, in one call. */
  select(pattern: string): Match[] {
    return this.#handle.select(pattern).map(match);
  }

  /**
   * The places where the sender's dialect says that numbers stand, and that
   * this record has.
   */
  numbers(): Match[] {
    return this.#handle.numbers().map(match);
  }

  /**
   * Every string and every JSON number that is not at one of the places of
   * {@link numbers} and that holds at least so many digits, in the order of the
   * document: the candidates for telephone numbers elsewhere.
   */
  texts(minDigits: number): Match[] {
    return this.#handle.texts(minDigits).map(match);
  }

  /**
   * Every member whose name holds at least so many digits, in the order of the
   * document, so that a member stands before those inside it. The value of a
   * match is the name.
   */
  names(minDigits: number): Match[] {
    return this.#handle.names(minDigits).map(match);
  }

  /**
   * Replaces the value at a pointer, or adds a member to an existing object (as
   * token, `-` adds to an array). Of a duplicated key every value is replaced.
   *
   * @throws Fault where the place has no parent, the pointer is not valid, or
   * the document would be too large.
   */
  set(pointer: string, value: Json): void {
    this.setJson(pointer, JSON.stringify(value));
  }

  /** {@link set} with JSON text, for values whose tokens matter. */
  setJson(pointer: string, json: string): void {
    edit(() => this.#handle.set(pointer, json));
  }

  /**
   * Gives the member at a pointer another name; false where nothing stands
   * there. Its value and its position stay; of a duplicated key every member is
   * renamed. Pointers to what is inside it lead by the new name from then on.
   *
   * @throws Fault where the object holds another member of that name.
   */
  rename(pointer: string, name: string): boolean {
    return edit(() => this.#handle.rename(pointer, name));
  }

  /** Removes what stands at a pointer; false where nothing did. */
  remove(pointer: string): boolean {
    return this.#handle.remove(pointer);
  }

  /** The whole document as JSON text. Costs a copy of it. */
  text(): string {
    return this.#handle.text();
  }

  /**
   * Replaces the whole document. What was not touched before does not survive
   * as it came, so edits in place are better where they will do.
   */
  replace(document: { [key: string]: Json }): void {
    edit(() => this.#handle.replace(JSON.stringify(document)));
  }

  /** The value of a tag. Tags travel beside the document. */
  tag(name: string): string | undefined {
    return this.#handle.tag(name);
  }

  /** Every tag, ordered by name. */
  tags(): [name: string, value: string][] {
    return this.#handle.tags();
  }

  /** Sets a tag. */
  setTag(name: string, value: string): void {
    this.#handle.setTag(name, value);
  }

  /** Removes a tag; false where there was none. */
  removeTag(name: string): boolean {
    return this.#handle.removeTag(name);
  }

  /** The arrival's id: the same for every run over the same arrival. */
  get id(): string {
    return this.#handle.id();
  }

  /** `cdr`, `record`, `voicemail`, `imcdr` or `event`; more may come. */
  get kind(): string {
    return this.#handle.kind();
  }

  /** Name of the source in the gateway's config. */
  get source(): string {
    return this.#handle.source();
  }

  /** When the record was committed: Unix time in milliseconds. */
  get receivedMs(): number {
    return Number(this.#handle.receivedMs());
  }
}

function match({ pointer, json }: Found): Match {
  return {
    pointer,
    json,
    get value() {
      return JSON.parse(json);
    },
  };
}

function edit<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    const refused = (error as { payload?: EditError }).payload;
    if (refused === undefined) {
      throw error;
    }
    throw new Fault(words(refused));
  }
}

function words(error: EditError): string {
  switch (error.tag) {
    case "bad-pointer":
      return `bad JSON pointer: ${error.val}`;
    case "bad-json":
      return `bad JSON value: ${error.val}`;
    case "no-parent":
      return "the place to edit has no parent that holds members";
    case "name-taken":
      return "the object holds another member of that name";
    case "too-large":
      return `the edited document would be larger than ${error.val} bytes`;
  }
}
