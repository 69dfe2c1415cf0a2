"""How far mail programs support what a mail uses: what caniemail knows, as one percentage."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

FAMILIES = {"gmail": "Gmail", "outlook": "Outlook", "apple-mail": "Apple Mail", "yahoo": "Yahoo"}
_WORTH = {"y": 1.0, "a": 0.5, "n": 0.0}


@dataclass(frozen=True, kw_only=True)
class Mark:
    """The support of one feature by one mail program: ``y``, ``a #1`` (partly), ``n``, ``u``."""

    family: str
    client: str
    mark: str

    @property
    def worth(self) -> float | None:
        """1, 0.5 or 0; None where it is unknown."""
        return _WORTH.get(self.mark.strip()[:1])


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The points that one feature takes from a mail's score."""

    feature: str
    points: float
    """By how much the score of all families would grow if the mail did without it."""
    where: tuple[str, ...]
    """Each program with less than full support, and its mark."""


@dataclass(frozen=True, kw_only=True)
class Support:
    """Scores from 0 to 100."""

    families: Mapping[str, float]
    overall: float
    costs: tuple[Cost, ...]
    """The dearest first."""


def score(used: Sequence[str], marks: Mapping[str, Sequence[Mark]]) -> Support:
    """Yes counts 1, partly 0.5, no 0, over all features used and all programs that are known."""
    known = [mark for feature in used for mark in marks.get(feature, ())]
    overall = _percentage(known)
    costs = []
    for feature in used:
        without = [mark for other in used if other != feature for mark in marks.get(other, ())]
        gain = _percentage(without) - overall
        lacking = [mark for mark in marks.get(feature, ()) if mark.worth not in (None, 1.0)]
        if lacking and gain > 0:
            where = tuple(f"{mark.family}.{mark.client} {mark.mark}" for mark in lacking)
            costs.append(Cost(feature=feature, points=gain, where=where))
    return Support(
        families=_by_family(known),
        overall=overall,
        costs=tuple(sorted(costs, key=lambda cost: (-cost.points, cost.feature))),
    )


def _by_family(known: Iterable[Mark]) -> dict[str, float]:
    sorted_out: dict[str, list[Mark]] = defaultdict(list)
    for mark in known:
        sorted_out[mark.family].append(mark)
    return {family: _percentage(sorted_out[family]) for family in FAMILIES}


def _percentage(marks: Iterable[Mark]) -> float:
    worths = [mark.worth for mark in marks if mark.worth is not None]
    return 100 * sum(worths) / len(worths) if worths else 100.0
