/** Numbers in one form, so that they can be looked up. */

/** Between a short code and the longest number there is (E.164). */
const MIN_DIGITS = 7;
const MAX_DIGITS = 15;

/**
 * A number in international form without `+`: `0086 (0)755 8888-6666` and
 * `0755-88886666` are both `8675588886666`. None where it is not all there.
 */
export function international(written: string, country: string): string | undefined {
  const plain = written.replace(/[\s().-]/g, "");
  if (!/^\+?[0-9]+$/.test(plain)) {
    return undefined; // masked digits, or no number at all
  }
  const abroad = /^(?:\+|00)(.*)$/.exec(plain)?.[1];
  let number = abroad ?? country + plain;
  if (number.startsWith(country)) {
    number = country + number.slice(country.length).replace(/^0/, "");
  }
  return number.length >= MIN_DIGITS && number.length <= MAX_DIGITS ? number : undefined;
}
