"""Numbers in one form, so that they can be looked up."""

import re

SEPARATORS = re.compile(r"[\s().-]")
NUMBER = re.compile(r"\+?[0-9]+")
ABROAD = re.compile(r"\+|00")

# Between a short code and the longest number there is (E.164).
MIN_DIGITS = 7
MAX_DIGITS = 15


def international(written: object, country: str) -> list[str]:
    """A number in international form without `+`: `0086 (0)755 8888-6666`,
    `0755-88886666` and the JSON number 75588886666 are all `8675588886666`. None
    where it is not all there.

    `8613123456789` may bear its calling code already, or want one: it is taken
    both ways, the likelier first.
    """
    if isinstance(written, bool) or not isinstance(written, str | int):
        return []  # no number at all
    plain = SEPARATORS.sub("", str(written))
    if not NUMBER.fullmatch(plain):
        return []  # masked digits, or no number at all
    prefix = ABROAD.match(plain)
    readings = [plain[prefix.end() :] if prefix else country + plain]
    if plain.startswith(country):
        readings.insert(0, plain)
    numbers = [without_trunk_zero(number, country) for number in readings]
    return [number for number in numbers if MIN_DIGITS <= len(number) <= MAX_DIGITS]


def without_trunk_zero(number: str, country: str) -> str:
    if not number.startswith(country):
        return number
    return country + number.removeprefix(country).removeprefix("0")
