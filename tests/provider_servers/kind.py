"""The tests' facts of one kind of provider. The module of each server has them as its ``KIND``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes import FixedClock

Said = tuple[int, object]
"""A status and an answer: a value as JSON, bytes unchanged."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The requests of ``doctor``, and the answers when all is well."""

    key: str
    """The option that holds what a question shows."""
    shown: tuple[str, str] = ("", "")
    """The header field that shows it."""
    signed: bool = False
    """A signature of AWS is asked for instead."""
    answers: Mapping[str, Said]
    refusal: Said = (401, {"message": "Unauthorized"})
    what: frozenset[str] = frozenset({"provider key", "sending domain"})
    """The subjects of its findings."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of provider as tests use it."""

    server: Callable[[FixedClock], Any]
    """Takes what the provider itself would take; ``delivered`` is what readers have."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The options without which there is none, as its server wants them."""
    asked: Asked | None = None
    """None where nothing that all are asked can be asked of it."""
    message_id: str = ""
    """The end of the Message-ID that it writes over ours."""
    list_id: bool = True
    """It takes our List-Id."""
    ascii_mailboxes: bool = False
    """It refuses an address with other letters before the @."""


def bearer(key: str) -> tuple[str, str]:
    """The header field in which most keys are shown."""
    return "authorization", f"Bearer {key}"
