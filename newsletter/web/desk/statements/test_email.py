"""A test email of a statement, or of a text that nobody handed in: to whom, and what came of it."""

from collections.abc import Callable

from newsletter.domain.delivery.batch import Answer, Outcome, Verdict
from newsletter.domain.errors import InvalidInput, NewsletterError
from newsletter.domain.staff.account import name_of
from newsletter.store.sql import Store


def colleagues_of(store: Store, me: str) -> list[tuple[str, str]]:
    """Address and name of whom a test may go to, oneself first."""
    with store.read() as tx:
        names, known = tx.staff.names(), tx.staff.roles()
    others = [(one, names.get(one) or name_of(one)) for one in known if one != me]
    return [(me, "Me"), *others]


def why_not_sent(store: Store, to: str, send: Callable[[], Answer]) -> str:
    """Send one to somebody among the staff; why it was not taken, and empty where it was."""
    with store.read() as tx:
        if to not in tx.staff.roles():
            return "Choose somebody among the staff"
    try:
        outcome = send().outcome
    except NewsletterError as error:
        return _sentence(error)
    return "" if outcome.verdict is Verdict.ACCEPTED else _why(outcome)


def _why(outcome: Outcome) -> str:
    said = f": {outcome.reason}" if outcome.reason else ""
    if outcome.verdict is Verdict.UNKNOWN:
        return f"Nobody knows whether the provider took the test email{said}"
    return f"The provider did not take the test email{said}"


def _sentence(error: NewsletterError) -> str:
    faults = error.faults if isinstance(error, InvalidInput) else ()
    said = "; ".join(one.message for one in faults) or str(error)
    return said[:1].upper() + said[1:]
