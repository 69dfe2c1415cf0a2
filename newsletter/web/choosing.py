"""The form of a reader's preferences: what it shows, and what somebody asks for by it.

The form carries what it was made from, so that only what the person changed is a wish: a list that
was left by one click in the meantime is not joined again by a page that was open before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from newsletter.domain.audience import Offer
from newsletter.domain.preference import Pause, Preferences, Wish, pause_end
from newsletter.rendering.details import base_language, written_date
from newsletter.sources.text import control_in_value
from newsletter.web.forms import Posted, first
from newsletter.web.zones import zone_names, zones

_LONGEST_NAME = 100
_RESUME = "now"
_PLAIN = ("name", "language", "timezone")


class Form:
    """What was filled in. What was not posted is empty."""

    def __init__(self, posted: Posted) -> None:
        self._posted = posted

    def one(self, name: str) -> str:
        """The value of a field, without blanks around it."""
        return first(self._posted, name).strip()

    def all(self, name: str) -> frozenset[str]:
        """The values of all boxes of a name that were ticked."""
        return frozenset(self._posted.get(name, ()))


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What a form is made of, beside what the person chose."""

    offers: Sequence[Offer]
    languages: Mapping[str, str]
    zone: str
    """The organisation's own, for whoever named none."""
    words: Mapping[str, str]

    def shown(self, chosen: Preferences) -> dict[str, str]:
        """The words that stand beside each list: what the person says yes or no to."""
        return {
            one.name: "\n".join(filter(None, (self.words["lists_ask"], one.title, one.about)))
            for one in self._lists(chosen.lists)
        }

    def _lists(self, joined: frozenset[str]) -> list[Offer]:
        """Those that are offered, and those that the person is on without."""
        offered = {one.name for one in self.offers}
        others = sorted(joined - offered)
        return [*self.offers, *(Offer(name=name, title=name) for name in others)]

    def values(self, chosen: Preferences, form: Form | None = None) -> dict[str, Any]:
        """What the template shows: what stands, or what was filled in and has faults."""
        now = {name: getattr(chosen, name) for name in _PLAIN}
        filled = {name: form.one(name) for name in _PLAIN} if form else now
        ticked = form.all("list") if form else chosen.lists
        return {
            "lists": [(one, one.name in ticked) for one in self._lists(chosen.lists)],
            "had": sorted(chosen.lists),
            "was": now,
            "filled": filled,
            "languages": self._languages(now["language"]),
            "zones": zones(),
            "strange_zone": now["timezone"] if now["timezone"] not in zone_names() else "",
            "house_zone": self.zone,
            "paused": self._day(chosen.paused_until, chosen.timezone),
            "pauses": [(one, self.words[f"pause_{one}"]) for one in ("week", "month", "quarter")],
            "pause": form.one("pause") if form else "",
            "day": form.one("day") if form else "",
        }

    def _languages(self, own: str) -> dict[str, str]:
        """By code; the person's own too, be it one that we have no words for."""
        if not own or own in self.languages:
            return dict(self.languages)
        base = self.languages.get(base_language(own))
        return {own: f"{base} ({own})" if base else own, **self.languages}

    def _day(self, until: datetime | None, zone: str) -> str:
        if until is None:
            return ""
        return written_date(until.astimezone(ZoneInfo(zone or self.zone)).date(), self.words)

    def wish(self, form: Form, chosen: Preferences, now: datetime) -> tuple[Wish, dict[str, str]]:
        """What the person asks for, and what is wrong with it: field → sentence."""
        faults: dict[str, str] = {}
        changed = {
            name: form.one(name) if form.one(name) != form.one(f"was_{name}") else None
            for name in _PLAIN
        }
        name, language, zone = (changed[key] for key in _PLAIN)
        if name and (len(name) > _LONGEST_NAME or control_in_value(name)):
            faults["name"] = self.words["fault_name"]
        if language and language not in self._languages(chosen.language):
            faults["language"] = self.words["fault_choice"]
        if zone and zone not in zone_names():
            faults["timezone"], zone = self.words["fault_choice"], None
        until = self._pause(form, zone or chosen.timezone or self.zone, now, faults)
        had, ticked = form.all("had"), form.all("list")
        offered = {one.name for one in self.offers}
        wish = Wish(
            joins=(ticked - had) & offered,
            leaves=(had - ticked) & frozenset(self.shown(chosen)),
            resumes=form.one("pause") == _RESUME,
            returns=bool(form.one("again")),
            pauses_until=until,
            **changed,
        )
        return wish, faults

    def _pause(
        self, form: Form, zone: str, now: datetime, faults: dict[str, str]
    ) -> datetime | None:
        said = form.one("pause")
        if said not in {one.value for one in Pause}:
            return None
        try:
            day = date.fromisoformat(form.one("day")) if said == Pause.DAY.value else None
            return pause_end(Pause(said), now, zone, day)
        except ValueError:
            faults["day"] = self.words["fault_day"]
            return None
