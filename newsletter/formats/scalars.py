"""Says how YAML reads an unquoted value, and writes text so that YAML reads it as text."""

import json
import re
from functools import lru_cache

from newsletter.domain.wording import say

TEXT_TAG = "tag:yaml.org,2002:str"
NULL_TAG = "tag:yaml.org,2002:null"
_TAG_IN_WORDS = {
    NULL_TAG: say("nothing"),
    "tag:yaml.org,2002:timestamp": say("a date"),
    "tag:yaml.org,2002:merge": say("a merge key"),
    "tag:yaml.org,2002:value": say("a default value"),
}
_MAX_NUMBER_CHARS = 100
"""The longest number that is parsed, which takes quadratic time."""
_PLAIN_PATTERN = re.compile(r"[^\W_][^\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff]*")
_MARKUP_PATTERN = re.compile(r":(?: |$)| #|[\[\]{},&*?|<>=!%@`\"\\]|\s$")
_UNPRINTABLE_PATTERN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]"
)


@lru_cache(maxsize=4096)
def plain_tag(value: str) -> str:
    """Return the tag of an unquoted scalar in YAML 1.1, as PyYAML's safe loader does."""
    import yaml  # not needed for writing front matter

    resolvers = yaml.SafeLoader.yaml_implicit_resolvers
    for tag, pattern in resolvers.get(value[:1], []):
        if pattern.match(value):
            return str(tag)
    return TEXT_TAG


@lru_cache(maxsize=1024)
def misreading(value: str) -> str:
    """Return in words what YAML reads instead of a text; "" if it reads the text."""
    tag = plain_tag(value)
    if tag == TEXT_TAG:
        return ""
    if tag in _TAG_IN_WORDS:
        return _TAG_IN_WORDS[tag]
    if len(value) > _MAX_NUMBER_CHARS:
        return say("a number")
    import yaml

    node = yaml.ScalarNode(tag, value)
    constructor = yaml.constructor.SafeConstructor()
    try:
        meant = constructor.construct_object(node)
    except ValueError:
        return say("a number")
    is_flag = isinstance(meant, bool)
    return str(meant).lower() if is_flag else say("the number {number}", number=str(meant))


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
