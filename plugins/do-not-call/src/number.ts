/** Numbers in one form, so that they can be looked up. */

/** Between a short code and the longest number there is (E.164). */
const MIN_DIGITS = 7;
const MAX_DIGITS = 15;

/**
 * A number in international form without `+`: `0086 (0)755 8888-6666`,
 * `0755-88886666` and the JSON number 75588886666 are all `8675588886666`. None
 * where it is not all there.
 *
 * `8613123456789` may bear its calling code already, or want one: it is taken both
 * ways, the likelier first.
 */
export function international(written: unknown, country: string): string[] {
  if (typeof written !== "string" && typeof written !== "number") {
    return []; // no number at all
  }
  const plain = String(written).replace(/[\s().-]/g, "");
  if (!/^\+?[0-9]+$/.test(plain)) {
    return []; // masked digits, or no number at all
  }
  const abroad = /^(?:\+|00)(.*)$/.exec(plain)?.[1];
  const readings = abroad === undefined ? [country + plain] : [abroad];
  if (plain.startsWith(country)) {
    readings.unshift(plain);
  }
  return readings
    .map((number) => withoutTrunkZero(number, country))
    .filter((number) => number.length >= MIN_DIGITS && number.length <= MAX_DIGITS);
}

function withoutTrunkZero(number: string, country: string): string {
  return number.startsWith(country)
    ? country + number.slice(country.length).replace(/^0/, "")
    : number;
}
