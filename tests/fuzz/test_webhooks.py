"""A webhook takes or refuses every post, and believes only signed ones."""

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.web.pages import make
from tests.contracts.webhook import NOW, Signer, mutated, signers
from tests.fakes import FixedClock
from tests.fuzz.hostile import BYTES, JSON, hostile
from tests.pages import Forum, forum

SIGNERS: Mapping[str, Signer] = signers()
TAKEN, REFUSED, TOO_LONG = 200, 401, 413


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, migrated: Any) -> Iterator[Forum]:
    """A workspace that hears them all at once."""
    folder = tmp_path_factory.mktemp("heard")
    with forum(folder, clock=FixedClock(NOW), database=migrated) as site:
        site.subscribe("ana@example.org")
        site.send()
        vars(site.services.delivery)["webhooks"] = {
            kind: one.webhook() for kind, one in SIGNERS.items()
        }
        site.pages = make(site.services)
        yield site


def told(site: Forum, kind: str, headers: Mapping[str, str], body: bytes) -> int:
    return site.ask("POST", f"/webhooks/{kind}", headers=headers, body=body).status


@settings(hostile, max_examples=hostile.max_examples // 8)
@given(st.integers(0, 2**32), JSON, BYTES)
def test_what_is_signed_is_written_down_or_refused(
    site: Forum, seed: int, value: Any, body: bytes
) -> None:
    chance = random.Random(seed)  # noqa: S311 - for tests
    for kind, signer in SIGNERS.items():
        for content in (mutated(signer.example(NOW), chance), json.dumps(value).encode(), body):
            post = signer.sign(content, NOW)
            assert told(site, kind, post.headers, post.body) in {TAKEN, REFUSED}, kind


@settings(hostile, max_examples=hostile.max_examples // 6)
@given(BYTES, st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_what_is_not_signed_is_refused(site: Forum, body: bytes, word: str) -> None:
    for kind, signer in SIGNERS.items():
        genuine = signer.sign(signer.example(NOW), NOW)
        forged = dict.fromkeys(genuine.headers, word)
        assert told(site, kind, forged, body) in {REFUSED, TOO_LONG}, kind
        post = signer.sign(signer.example(NOW), NOW, ours=False)
        assert told(site, kind, post.headers, post.body) == REFUSED, kind
