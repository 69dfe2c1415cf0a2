"""Configurations that cannot be used, each with the very messages that it must give.

A new case is two files in ``bad_configurations``: ``NAME.yaml`` and ``NAME.txt``. A
list that grows with the program is one word of ``STANDS_FOR`` in a message.
"""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from newsletter.config.loading import load
from newsletter.config.settings import Settings
from newsletter.domain.errors import InvalidConfiguration
from newsletter.providers.common.options import ProviderOptions
from newsletter.providers.registry import OPTIONS
from tests.marks import unsaid
from tests.rows import rows

CASES = Path(__file__).parent / "bad_configurations"
STANDS_FOR: Mapping[str, Iterable[str]] = {
    "PROVIDERS": sorted(OPTIONS),
    "SETTINGS": [*Settings.model_fields, "database_password_file"],
    "SHARED": ProviderOptions.model_fields,
}
"""The kinds of providers, the keys of the file, and those that all providers take."""


@rows("case", sorted(CASES.glob("*.yaml")))
def test_a_bad_configuration_is_refused_with_these_messages(case: Path, tmp_path: Path) -> None:
    shutil.copy(case, tmp_path / "newsletter.yaml")

    with pytest.raises(InvalidConfiguration) as caught:
        load(tmp_path / "newsletter.yaml", {"BLANK": "", "BAD_ADDRESS": "press@forum"})

    expected = case.with_suffix(".txt").read_text("utf-8").rstrip("\n")
    for word, names in STANDS_FOR.items():
        expected = expected.replace(word, ", ".join(names))
    assert str(caught.value) == expected
    # the template of a provider's calls is its operator's, who has the command line
    shown = [fault for fault in caught.value.faults if "provider." not in fault.key]
    assert [unsaid(fault.message) for fault in shown if unsaid(fault.message)] == []


def test_there_are_cases_and_each_has_its_messages() -> None:
    configurations = {case.stem for case in CASES.glob("*.yaml")}
    messages = {case.stem for case in CASES.glob("*.txt")}

    assert len(configurations) >= 20
    assert configurations == messages
