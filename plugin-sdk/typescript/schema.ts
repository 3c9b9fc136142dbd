/**
 * The JSON Schema of a config, and the type that follows from it. One place
 * says what a config may hold: operators' editors complete from it, `check`
 * holds the config against it with file and line, and the code gets its types
 * and defaults from it.
 */

/** What the SDK reads of a JSON Schema; any other keyword may stand beside it. */
export interface Schema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: { readonly [key: string]: Schema };
  readonly required?: readonly string[];
  readonly [keyword: string]: unknown;
}

/** What a value is that a schema takes. */
export type Config<S> = S extends { readonly enum: readonly (infer Value)[] }
  ? Value
  : S extends { readonly type: "string" }
    ? string
    : S extends { readonly type: "integer" | "number" }
      ? number
      : S extends { readonly type: "boolean" }
        ? boolean
        : S extends { readonly type: "array"; readonly items: infer Item }
          ? Config<Item>[]
          : S extends { readonly type: "object"; readonly properties: infer Properties }
            ? { [Key in keyof Properties]: Config<Properties[Key]> | Absent<S, Properties[Key], Key> }
            : unknown;

/** Nothing is absent that is required or has a default. */
type Absent<S, Property, Key> = Property extends { readonly default: unknown }
  ? never
  : S extends { readonly required: readonly (infer Required)[] }
    ? Key extends Required
      ? never
      : undefined
    : undefined;

/** The config with the defaults of its schema where it says nothing. */
export function withDefaults(schema: Schema, config: unknown): unknown {
  if (schema.properties === undefined || typeof config !== "object" || config === null) {
    return config;
  }
  const filled: { [key: string]: unknown } = { ...config };
  for (const [key, property] of Object.entries(schema.properties)) {
    const value = filled[key] ?? property.default;
    if (value !== undefined) {
      filled[key] = withDefaults(property, value);
    }
  }
  return filled;
}
