"""Numbers in one form, so that they can be looked up."""

import re

SEPARATORS = re.compile(r"[\s().-]")
NUMBER = re.compile(r"\+?[0-9]+")
ABROAD = re.compile(r"\+|00")

# Between a short code and the longest number there is (E.164).
MIN_DIGITS = 7
MAX_DIGITS = 15


def international(written: str, country: str) -> str | None:
    """A number in international form without `+`: `0086 (0)755 8888-6666` and
    `0755-88886666` are both `8675588886666`. None where it is not all there.
    """
    plain = SEPARATORS.sub("", written)
    if not NUMBER.fullmatch(plain):
        return None  # masked digits, or no number at all
    prefix = ABROAD.match(plain)
    number = plain[prefix.end() :] if prefix else country + plain
    if number.startswith(country):
        number = country + number.removeprefix(country).removeprefix("0")
    return number if MIN_DIGITS <= len(number) <= MAX_DIGITS else None
