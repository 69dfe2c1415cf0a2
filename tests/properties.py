"""How long the properties of Hypothesis are looked for."""

from hypothesis import HealthCheck, settings


def examples(count: int) -> settings:
    """So many in the usual profile of a hundred, and more in proportion where a profile has more.

    A loaded machine is slow and not wrong: no example has a deadline.
    """
    return settings(
        max_examples=max(1, count * settings().max_examples // 100),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
