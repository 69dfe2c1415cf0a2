"""Says how YAML reads an unquoted value, and writes text so that YAML reads it as text."""

import json
import math
import re
from functools import lru_cache

import yaml

from newsletter.domain.wording import say

TEXT_TAG = "tag:yaml.org,2002:str"
NULL_TAG = "tag:yaml.org,2002:null"
DATE_TAG = "tag:yaml.org,2002:timestamp"
_TAG_IN_WORDS = {
    NULL_TAG: say("nothing"),
    DATE_TAG: say("a date"),
    "tag:yaml.org,2002:merge": say("a merge key"),
    "tag:yaml.org,2002:value": say("a default value"),
}
_CONSTRUCTED_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float")}
_MAX_NUMBER_CHARS = 100
"""The longest number that is parsed, which takes quadratic time."""
_MAX_QUOTED_CHARS, _MAX_SHOWN_CHARS = 300, 40
_PLAIN_PATTERN = re.compile(r"[^\W_][^\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff]*")
_MARKUP_PATTERN = re.compile(r":(?: |$)| #|[\[\]{},&*?|<>=!%@`\"\\]|\s$")
_UNPRINTABLE_PATTERN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]"
)


@lru_cache(maxsize=4096)
def plain_tag(value: str) -> str:
    """Return the tag of an unquoted scalar in YAML 1.1, as PyYAML's safe loader does."""
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers
    for tag, pattern in resolvers.get(value[:1], []):
        if pattern.match(value):
            return str(tag)
    return TEXT_TAG


def construct(value: str, tag: str) -> bool | int | float | str:
    """Return the boolean or number that YAML reads; the text if it is none, or none of JSON."""
    if tag not in _CONSTRUCTED_TAGS or len(value) > _MAX_NUMBER_CHARS:
        return value
    try:
        meant = yaml.constructor.SafeConstructor().construct_object(yaml.ScalarNode(tag, value))
    except ValueError:  # it looks like a number for YAML, and is none: 0b_
        return value
    return meant if math.isfinite(meant) else value


@lru_cache(maxsize=1024)
def misreading(value: str) -> str:
    """Return in words what YAML reads instead of a text; "" if it reads the text."""
    tag = plain_tag(value)
    if tag == TEXT_TAG:
        return ""
    if tag in _TAG_IN_WORDS:
        return _TAG_IN_WORDS[tag]
    meant = construct(value, tag)
    if isinstance(meant, bool):
        return str(meant).lower()
    number = say("the number {number}", number=str(meant))
    return say("a number") if isinstance(meant, str) else number


def misread(value: str, write: str) -> str:
    """Return what YAML reads instead of a text, and what to write."""
    meaning = misreading(value)
    if len(value) > _MAX_QUOTED_CHARS:
        start = value[:_MAX_SHOWN_CHARS]
        long = "YAML reads {start}… as {meaning}; put the whole value in quotes"
        return say(long, start=start, meaning=meaning)
    other = "YAML reads {value} as {meaning}; put it in quotes: {write}"
    return say(other, value=value, meaning=meaning, write=write)


def quote(value: str) -> str:
    """Return a value in YAML quotes, with few escapes, for people to copy."""
    if '"' not in value and "\\" not in value:
        return f'"{value}"'
    return "'" + value.replace("'", "''") + "'"


def write_scalar(value: str) -> str:
    """Return a text as YAML, unquoted if possible."""
    if (
        _PLAIN_PATTERN.fullmatch(value)
        and not _MARKUP_PATTERN.search(value)
        and plain_tag(value) == TEXT_TAG
    ):
        return value
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE_PATTERN.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
