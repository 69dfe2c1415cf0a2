"""The number of examples that Hypothesis tries for a property."""

from hypothesis import HealthCheck, settings

from newsletter.config import environment

TIMES = int(environment().get("FUZZ", "1"))
"""``FUZZ=100 make fuzz`` tries a hundred times as much."""


def examples(count: int) -> settings:
    """So many in ``make test``, where one that takes long is worth few; ``TIMES`` as many else."""
    return settings(max_examples=count * TIMES, suppress_health_check=[HealthCheck.too_slow])
