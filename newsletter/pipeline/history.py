"""Lines of the audit log, as sentences."""

import re
from collections.abc import Mapping
from datetime import datetime
from string import Formatter

from newsletter.domain.staff.account import name_of
from newsletter.domain.staff.audit import AuditEntry
from newsletter.domain.wording import Sentence, Written, joined, moment, people, say
from newsletter.tables import load_table

_ACTS = load_table("newsletter.pipeline", "history.yaml")
_WITHOUT_HASH = _ACTS.pop("without hash")
ACTOR_NAMES, SUBJECTS = (
    {name: say(words) for name, words in _ACTS.pop(key).items()} for key in ("actors", "subjects")
)
_CONTENT_HASH_PATTERN = re.compile(r"([0-9a-f]{4})([0-9a-f]{4})[0-9a-f]{56}")
_EMAIL_ADDRESS_PATTERN = re.compile(r"(?<![^\s@,;:])[^\s@,;:]++@[^\s@,;:]++")
"""An address, from the beginning of a word and possessively: no letter is examined twice."""


def describe_entry(entry: AuditEntry, names: Mapping[str, str] | None, zone: str) -> Sentence:
    """Return a log line as a sentence: short hashes, and times in the zone.

    ``names`` has all staff by folded address, and no other address is shown. None shows all.
    """
    who = entry.actor if names is None else (names.get(entry.actor) or name_of(entry.actor))
    values = {name: _shown(name, one, names, zone) for name, one in entry.values.items()}
    values |= {"who": ACTOR_NAMES.get(entry.actor, who), "act": entry.action}
    patterns = _ACTS.get(entry.action, [])
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        gaps = {name for _, name, *_ in Formatter().parse(pattern) if name}
        if gaps <= values.keys():
            shown = pattern if names is None else _WITHOUT_HASH.get(pattern, pattern)
            did = say(shown, **{name: values[name] for name in gaps})
            break
    else:
        did = say("{who}: {act}", who=values["who"], act=entry.action)
    if "channel" in values:
        did = say("{did}, {channel}", did=did, channel=values["channel"])
    return did if did.endswith((".", "?", "!")) else say("{did}.", did=did)


def describe_action(action: str) -> Sentence:
    """Return the shortest sentence about an act, with dots in place of its values."""
    patterns = _ACTS.get(action, "{who}: {act}")
    pattern = patterns if isinstance(patterns, str) else patterns[-1]
    gaps = {name for _, name, *_ in Formatter().parse(pattern) if name}
    return say(pattern, **{name: Written(action if name == "act" else "…") for name in gaps})


def _shown(name: str, value: object, names: Mapping[str, str] | None, zone: str) -> object:
    if isinstance(value, Sentence):
        gaps = value.pattern  # one with a format of its own gets the time itself
        parts = {key: _shown(key, one, names, zone) for key, one in value.values.items()}
        return value.map(lambda key, one: parts[key] if f"{{{key}}}" in gaps else one)
    if isinstance(value, datetime):
        return moment(value, zone)
    if isinstance(value, tuple):
        shown = [str(_shown(name, one, names, zone)) for one in value]
        return joined(shown, "{first}, {last}")
    if name == "readers" and isinstance(value, int):
        return people(value)
    if not isinstance(value, str):
        return value
    if found := _CONTENT_HASH_PATTERN.fullmatch(value) if name == "version" else None:
        return f"{found[1]} {found[2]}"
    if names is None:
        return value
    return _EMAIL_ADDRESS_PATTERN.sub(lambda found: names.get(found[0], "somebody"), value)
