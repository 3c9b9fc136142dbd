#!/usr/bin/env python3
"""Regenerates cn.csv.gz from the Python package `phonenumbers`.

    pip install phonenumbers==9.0.43
    python3 generate.py

The result depends on the package's version only. Before it is written, it is
checked against the package for every prefix that the package knows.
"""

import csv
import gzip
import io
import re
import sys
from pathlib import Path

import phonenumbers
from phonenumbers.carrierdata import CARRIER_DATA
from phonenumbers.geodata import GEOCODE_DATA

COUNTRY = "86"
TARGET = Path(__file__).with_name("cn.csv.gz")
HEADER = ["prefix", "province", "city", "operator"]
NOTHING = ("", "", "")

MUNICIPALITIES = ["北京", "天津", "上海", "重庆"]
PROVINCES = MUNICIPALITIES + (
    "河北 山西 内蒙古 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 "
    "广东 广西 海南 四川 贵州 云南 西藏 陕西 甘肃 青海 宁夏 新疆"
).split()
PROVINCE_KIND = re.compile("^(省|市|(壮族|回族|维吾尔)?自治区)")
PEOPLE = (
    "彝族 藏族 羌族 蒙古族 蒙古 朝鲜族 哈尼族 回族 苗族 侗族 布依族 白族 土家族 壮族 "
    "傈僳族 傣族 景颇族 哈萨克 柯尔克孜"
).split()
# What stands after the name of a prefecture.
PREFECTURE_KIND = re.compile(f"(({'|'.join(PEOPLE)})+自治州|地区|林区|盟|市)$")
# Old names, and county towns that stand for their prefecture.
RENAMED = {"襄樊": "襄阳", "芒": "德宏", "香格里拉": "迪庆"}
# Where the first city that the source lists is not the seat of the area code:
# 0358 is the code of 吕梁, 0898 that of a whole province.
SEATS = {"358": "吕梁", "898": ""}


def place(prefix, text):
    """(province, city) in short form: 贵州省安顺市 -> 贵州, 安顺."""
    province = next((name for name in PROVINCES if text.startswith(name)), None)
    if province is None:
        sys.exit(f"{prefix}: no known province in {text}")
    if province in MUNICIPALITIES:
        return province, province
    if prefix[:3] in SEATS and not prefix.startswith("1"):
        return province, SEATS[prefix[:3]]
    rest = PROVINCE_KIND.sub("", text[len(province):])
    # An area code that several cities share: its seat stands first.
    city = PREFECTURE_KIND.sub("", rest.split("、")[0])
    return province, RENAMED.get(city, city)


def chinese(data):
    """The package's entries for the country, keyed by national prefix. An entry
    without a Chinese name leaves the word to the shorter prefix above it."""
    return {
        prefix[len(COUNTRY):]: names["zh"]
        for prefix, names in data.items()
        if prefix.startswith(COUNTRY) and "zh" in names
    }


def longest(data, number):
    """The value of the longest key that the number begins with."""
    for length in range(len(number), 0, -1):
        if number[:length] in data:
            return data[number[:length]]
    return None


class Node:
    """A digit trie; `value` is what the source says at exactly this prefix."""

    __slots__ = ("children", "value")

    def __init__(self):
        self.children = {}
        self.value = None

    def at(self, prefix):
        node = self
        for digit in prefix:
            node = node.children.setdefault(digit, Node())
        return node


def trie(places, operators):
    root = Node()
    for prefix in places.keys() | operators.keys():
        where = longest(places, prefix) or ("", "")
        operator = longest(operators, prefix) or ""
        root.at(prefix).value = (*where, operator)
    return root


def candidates(node, inherited, memo):
    """The values that need fewest rows when they stand at this node, and the
    number of rows below it (optimal routing table construction)."""
    value = inherited if node.value is None else node.value
    if not node.children:
        memo[node] = frozenset([value])
        return
    votes = {}
    for digit in "0123456789":
        child = node.children.get(digit)
        if child is None:
            options = frozenset([value])
        else:
            candidates(child, value, memo)
            options = memo[child]
        for option in options:
            votes[option] = votes.get(option, 0) + 1
    most = max(votes.values())
    memo[node] = frozenset(option for option, count in votes.items() if count == most)


def rows(node, prefix, above, inherited, memo):
    """The fewest rows that give the same answers. `above` is what the rows so
    far answer here, `inherited` what the source answers."""
    value = inherited if node.value is None else node.value
    chosen = above if above in memo[node] else min(memo[node])
    if chosen != above:
        yield (prefix, *chosen)
    if not node.children:
        return
    for digit in "0123456789":
        child = node.children.get(digit)
        if child is not None:
            yield from rows(child, prefix + digit, chosen, value, memo)
        elif value != chosen:
            yield (prefix + digit, *value)


def check(places, operators, answers):
    """Ends the run unless the table answers as the source does, for a complete
    number below every prefix of the source and beside it."""
    known = places.keys() | operators.keys()
    stems = {stem for prefix in known for stem in (prefix, prefix[:-1])}
    for number in {f"{stem}{digit}00000000" for stem in stems for digit in "0123456789"}:
        said = (*(longest(places, number) or ("", "")), longest(operators, number) or "")
        found = longest(answers, number) or NOTHING
        if said != found:
            sys.exit(f"{number}: {said} in the package, {found} in the table")


def main():
    places = {prefix: place(prefix, text) for prefix, text in chinese(GEOCODE_DATA).items()}
    operators = {
        prefix: name.removeprefix("中国") for prefix, name in chinese(CARRIER_DATA).items()
    }
    root = trie(places, operators)
    memo = {}
    candidates(root, NOTHING, memo)
    table = sorted(rows(root, "", NOTHING, NOTHING, memo))

    check(places, operators, {row[0]: row[1:] for row in table})

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(table)
    with open(TARGET, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(text.getvalue().encode())
    print(
        f"phonenumbers {phonenumbers.__version__}: {len(places)} prefixes -> "
        f"{len(table)} rows, {TARGET.stat().st_size} bytes"
    )


if __name__ == "__main__":
    main()
