"""What imports a package whole."""

import sys

from newsletter.imports import import_all


def test_a_whole_package_is_imported_but_for_what_is_left_out() -> None:
    before = {name for name in sys.modules if name.startswith("newsletter.store")}
    import_all("newsletter.store", but={"migrations"})
    after = {name for name in sys.modules if name.startswith("newsletter.store")}
    assert {
        "newsletter.store.subscribers.eligibility",
        "newsletter.store.subscribers.staged",
    } <= after
    assert "alembic" not in after - before
