"""Return the statements that import a whole package."""

import sys

from newsletter.imports import import_all


def test_a_whole_package_is_imported() -> None:
    import_all("newsletter.store")
    after = {name for name in sys.modules if name.startswith("newsletter.store")}
    assert {
        "newsletter.store.subscribers.eligibility",
        "newsletter.store.subscribers.importing",
    } <= after
