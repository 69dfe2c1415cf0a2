"""Abstracts as mails write them, and the fake in their place elsewhere."""

import pytest

from newsletter.domain.ports import Abstracts
from newsletter.rendering.mail.values import WrittenAbstracts
from tests.contracts.abstracts import AbstractsContract
from tests.fakes import PlainAbstracts
from tests.unit.rendering.examples import HOUSE, WORDINGS


class TestWrittenAbstracts(AbstractsContract):
    @pytest.fixture
    def abstracts(self) -> Abstracts:
        return WrittenAbstracts(HOUSE, WORDINGS)


class TestPlainAbstracts(AbstractsContract):
    @pytest.fixture
    def abstracts(self) -> Abstracts:
        return PlainAbstracts()
