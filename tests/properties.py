"""How long the properties of Hypothesis are looked for."""

from hypothesis import HealthCheck, settings


def examples(count: int) -> settings:
    """So many where the profile has a hundred, and more in proportion where it has more."""
    return settings(
        max_examples=max(1, count * settings().max_examples // 100),
        suppress_health_check=[HealthCheck.too_slow],
    )
