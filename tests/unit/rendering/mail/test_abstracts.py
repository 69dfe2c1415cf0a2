"""Abstracts as mails write them, and the fake in their place elsewhere."""

import pytest

from newsletter.rendering.mail.details import Abstracts
from tests.contracts.abstracts import AbstractsContract
from tests.fakes import PlainAbstracts
from tests.unit.rendering.examples import HOUSE, WORDINGS


class TestAbstracts(AbstractsContract):
    @pytest.fixture
    def abstracts(self) -> Abstracts:
        return Abstracts(HOUSE, WORDINGS)


class TestPlainAbstracts(AbstractsContract):
    @pytest.fixture
    def abstracts(self) -> Abstracts:
        return PlainAbstracts()
