"""Time zones as people look for them: the part of the world, then the city."""

from collections import defaultdict
from functools import cache
from importlib.resources import files


@cache
def zones() -> dict[str, list[tuple[str, str]]]:
    """Part of the world → (IANA name, city), both in the order of the alphabet.

    Those of the table by country, which has one for each place whose clocks went their own way:
    without the names that are kept for old programs alone.
    """
    lines = (files("tzdata.zoneinfo") / "zone.tab").read_text("utf-8").splitlines()
    names = sorted(line.split("\t")[2] for line in lines if line and not line.startswith("#"))
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name in names:
        part, _, city = name.partition("/")
        found[part].append((name, city.replace("_", " ").replace("/", ", ")))
    return dict(found)


@cache
def zone_names() -> frozenset[str]:
    """All of them."""
    return frozenset(name for cities in zones().values() for name, _ in cities)
