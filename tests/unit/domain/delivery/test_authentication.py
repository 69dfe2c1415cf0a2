"""Verdicts about SPF, DKIM, DMARC and BIMI of a domain, and the records to add."""

from collections.abc import Mapping, Sequence

from newsletter.domain.delivery.authentication import LookupFailed, examine_domain
from newsletter.domain.delivery.provider import Finding, Level
from tests.rows import rows

DOMAIN = "news.forum.example"
OK, CHECK, FIX = Level.OK, Level.WARNING, Level.FAULT


def examined(
    records: Mapping[str, Sequence[str]], selectors: Sequence[str] = ("s1",)
) -> dict[str, Finding]:
    found = examine_domain(DOMAIN, selectors, lambda name: records.get(name, ()))
    return {one.what: one for one in found}


LOGO = f"default._bimi.{DOMAIN}"
NESTED = {
    f"n{number}.example": [f"v=spf1 include:n{number + 1}.example -all"] for number in range(30)
}


@rows(
    ("records", "level", "said"),
    [
        ([], CHECK, "no record"),
        (["google-site-verification=x"], CHECK, "no record"),
        (["v=spf1 include:a.example ~all"], OK, "1 of 10"),
        (["V=SPF1 a mx ptr exists:%{i}.x.example ip4:192.0.2.1 -all"], OK, "4 of 10"),
        (["v=spf1 ~all", "v=spf1 -all"], FIX, "2 records"),
        (["v=spf1 +all"], FIX, "everybody"),
        (["v=spf1 all"], FIX, "everybody"),
        (["v=spf1 include:n0.example -all"], FIX, "more than 10"),
        (["v=spf1 redirect=news.forum.example"], OK, "1 of 10"),
        (["v=spf1 " + "a " * 11], FIX, "more than 10"),
    ],
)
def test_spf(records: list[str], level: Level, said: str) -> None:
    found = examined({DOMAIN: records, **NESTED})["SPF"]
    assert (found.level, said in found.detail) == (level, True), found
    assert bool(found.advice) is (level is not OK)


@rows(
    ("records", "selectors", "level", "said"),
    [
        ([], ["s1"], CHECK, "was found under s1"),
        ([], [], CHECK, "was found"),
        (["v=DKIM1; k=rsa; p=MIIB"], ["s0", "s1"], OK, "as s1"),
        (["v=DKIM1; p="], ["s1"], FIX, "taken back"),
        (["nonsense"], ["s1"], CHECK, "was found"),
    ],
)
def test_dkim(records: list[str], selectors: list[str], level: Level, said: str) -> None:
    found = examined({f"s1._domainkey.{DOMAIN}": records}, selectors)["DKIM"]
    assert (found.level, said in found.detail) == (level, True), found


@rows(
    ("what", "name", "records", "level", "said"),
    [
        ("DMARC", f"_dmarc.{DOMAIN}", [], FIX, "no policy"),
        (
            "DMARC",
            f"_dmarc.{DOMAIN}",
            ["v=DMARC1; p=none; rua=mailto:a@b.c"],
            CHECK,
            "only watches",
        ),
        ("DMARC", f"_dmarc.{DOMAIN}", ["v=DMARC1;p=quarantine"], OK, "p=quarantine"),
        (
            "DMARC",
            f"_dmarc.{DOMAIN}",
            ["v=DMARC1; p=reject; adkim=s; aspf=s"],
            OK,
            "adkim and aspf",
        ),
        ("DMARC", f"_dmarc.{DOMAIN}", ["v=DMARC1; p=reject", "v=DMARC1; p=none"], FIX, "2 records"),
        ("DMARC", f"_dmarc.{DOMAIN}", ["v=DMARC1; p=maybe"], FIX, "no policy that there is"),
        ("DMARC", f"_dmarc.{DOMAIN}", ["v=DMARC1"], FIX, "no policy that there is"),
        ("DMARC", "_dmarc.forum.example", ["v=DMARC1; p=reject; sp=none"], CHECK, "only watches"),
        ("DMARC", "_dmarc.forum.example", ["v=DMARC1; p=reject"], OK, "p=reject"),
        ("DMARC", "_dmarc.example", ["v=DMARC1; p=reject"], FIX, "no policy"),
        ("BIMI", LOGO, [], OK, "none is needed"),
        ("BIMI", LOGO, ["v=BIMI1; l=https://forum.example/logo.svg"], OK, "shows a logo"),
        ("BIMI", LOGO, ["v=BIMI1; l=http://forum.example/logo.svg"], CHECK, "no logo"),
        ("BIMI", LOGO, ["v=BIMI2; l=https://forum.example/logo.svg"], CHECK, "no logo"),
    ],
)
def test_dmarc_and_bimi(what: str, name: str, records: list[str], level: Level, said: str) -> None:
    found = examined({name: records})[what]
    assert (found.level, said in found.detail) == (level, True), found


def test_what_is_missing_is_written_out_to_be_copied() -> None:
    advice = examined({})["DMARC"].advice
    assert f"_dmarc.{DOMAIN}" in advice
    assert '"v=DMARC1; p=none; rua=mailto:' in advice


def test_what_cannot_be_looked_up_proves_nothing() -> None:
    def silent(name: str) -> Sequence[str]:
        raise LookupFailed(f"{name}: timed out")

    found = list(examine_domain(DOMAIN, ["s1"], silent))
    assert [one.what for one in found] == ["SPF", "DKIM", "DMARC", "BIMI"]
    assert {one.level for one in found} == {CHECK}


def test_a_circle_of_includes_comes_to_an_end() -> None:
    records = {DOMAIN: ["v=spf1 include:a.example -all"], "a.example": [f"v=spf1 include:{DOMAIN}"]}
    assert examined(records)["SPF"].level is FIX


def test_a_top_level_domain_alone_is_looked_up_too() -> None:
    asked: list[str] = []

    def texts(name: str) -> Sequence[str]:
        asked.append(name)
        return ()

    list(examine_domain("localhost", [], texts))
    assert "_dmarc.localhost" in asked
