"""Exports of other tools: people who are taken over, never written to, or skipped."""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from newsletter.domain.errors import InvalidInput
from newsletter.domain.subscribers.audience import Consent, Entry, SuppressionReason
from newsletter.subscriber_files import csv_files
from newsletter.subscriber_files.csv_files import Instructions
from newsletter.subscriber_files.exports import (
    EXPORT_FORMATS,
    REASON_OF_STATUS,
    ContactStatus,
    ExportFormat,
)
from newsletter.subscriber_files.subscriber_file import SubscriberFile
from newsletter.subscriber_files.subscribers import AUTO_FORMAT, PLAIN_FORMAT, read_people
from tests.costs import holding
from tests.imported import added, to_suppress
from tests.rows import rows

EXPORTS = Path(__file__).parents[2] / "acceptance" / "exports"
TEN = datetime(2024, 5, 1, 10, tzinfo=UTC)
PEOPLE = ["ana@example.org", "bashir@example.net"]
LISTMONK = "uuid,email,name,attributes,status,created_at,updated_at\n"


def read(
    path: Path,
    *,
    kind: str = AUTO_FORMAT,
    lists: tuple[str, ...] = ("press",),
    without: Sequence[str] = (),
) -> SubscriberFile:
    return read_people(path, Instructions(kind=kind, lists=lists, without=without))


def written(folder: Path, text: str | bytes, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path: Path, **how: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        read(path, **how)
    return str(caught.value).replace(f"{path.parent}/", "")


def packed(folder: Path, tool: str) -> Path:
    path = folder / f"{tool}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((EXPORTS / tool).iterdir()):
            archive.write(file, f"export/{file.name}")
            archive.writestr(f"__MACOSX/{file.name}", b"\x00")
    return path


def suppressed(file: SubscriberFile) -> dict[str, str]:
    return {entry.address.partition("@")[0]: entry.reason.value for entry in to_suppress(file)}


def test_the_zip_of_mailchimp_adds_suppresses_and_skips(tmp_path: Path) -> None:
    file = read(packed(tmp_path, "mailchimp"))

    source = "mailchimp export mailchimp.zip"
    assert added(file) == [
        Entry(
            address="ana@example.org",
            name="Ana Ruiz",
            lists=("press",),
            timezone="America/New_York",
            consent=Consent(source=source, at=TEN),
        ),
        Entry(
            address="bashir@example.net",
            name="Bashir",
            lists=("press",),
            timezone="Europe/Berlin",
            consent=Consent(source=source, at=datetime(2023, 1, 15, 7, 30, tzinfo=UTC)),
        ),
    ]
    assert suppressed(file) == {"dora": "unsubscribed", "emil": "complained", "fatima": "bounced"}
    assert file.skipped == {
        "never confirmed": 2,
        "left or bounced there, without a valid address": 1,
    }


def test_one_file_of_mailchimp_says_by_its_columns_what_it_is(tmp_path: Path) -> None:
    [path] = (EXPORTS / "mailchimp").glob("unsubscribed*")
    renamed = written(tmp_path, path.read_bytes())

    assert suppressed(read(renamed)) == {"dora": "unsubscribed", "emil": "complained"}
    assert added(read(renamed, lists=())) == [], "nobody is added, so no list is needed"


def test_one_file_of_mailchimp_without_the_others_is_refused(tmp_path: Path) -> None:
    [path] = (EXPORTS / "mailchimp").glob("subscribed*")
    told = refusal(path)
    assert "whoever is in unsubscribed…csv, cleaned…csv would stay subscribed here" in told
    assert "--without unsubscribed --without cleaned" in told
    assert "whoever is in cleaned…csv would" in refusal(path, without=["unsubscribed"])
    assert added(read(path, without=["unsubscribed", "cleaned"]))


def test_the_zip_of_substack_leaves_its_posts_aside(tmp_path: Path) -> None:
    for kind in (AUTO_FORMAT, "substack"):
        file = read(packed(tmp_path, "substack"), kind=kind)
        assert [entry.address for entry in added(file)] == PEOPLE
        assert [entry.consent and entry.consent.at for entry in added(file)] == [TEN, TEN]
        assert suppressed(file) == {"dora": "unsubscribed"}
        assert "files ignored, no exports of people: posts.csv" in file.notes


@rows(
    ("name", "names", "gone", "skipped"),
    [
        ("listmonk", ["Ana Ruiz", "Bashir"], {"dora": "unsubscribed", "emil": "manual"}, 0),
        ("ghost", ["Ana Ruiz", ""], {"dora": "unsubscribed", "emil": "unsubscribed"}, 0),
        (
            "buttondown",
            ["", ""],
            {"dora": "unsubscribed", "emil": "complained", "fatima": "bounced"},
            1,
        ),
        ("keila", ["Ana Ruiz", "Bashir"], {"dora": "unsubscribed", "fatima": "bounced"}, 0),
        ("keila-excel", ["Ana Ruiz", "Bashir"], {"dora": "unsubscribed", "fatima": "bounced"}, 0),
    ],
)
def test_the_export_of_a_tool_is_known_by_its_columns(
    name: str, names: list[str], gone: dict[str, str], skipped: int
) -> None:
    file = read(EXPORTS / f"{name}.csv")

    assert [entry.address for entry in added(file)] == PEOPLE
    assert [entry.name for entry in added(file)] == names
    assert {entry.lists for entry in added(file)} == {("press",)}
    assert suppressed(file) == gone
    assert sum(file.skipped.values()) == skipped
    tool = name.partition("-")[0]
    brand = tool if tool == "listmonk" else tool.capitalize()
    assert file.notes[0] == f"read as an export of {brand}: {name}.csv"
    assert {entry.consent and entry.consent.source for entry in added(file)} == {
        f"{tool} export {name}.csv"
    }


def test_times_are_read_as_each_tool_writes_them() -> None:
    def times(name: str) -> list[datetime | None]:
        return [entry.consent and entry.consent.at for entry in added(read(EXPORTS / name))]

    assert times("listmonk.csv") == [
        TEN.replace(microsecond=123456),
        TEN.replace(microsecond=500000),
    ]
    assert times("ghost.csv") == [TEN, TEN]
    assert times("buttondown.csv") == [TEN, TEN.replace(hour=0)]
    assert times("keila.csv") == [None, None], "keila exports no times"


def test_what_the_file_holds_beyond_that_is_told_once(tmp_path: Path) -> None:
    ghost = read(EXPORTS / "ghost.csv")

    assert ghost.notes == (
        "read as an export of Ghost: ghost.csv",
        "columns ignored: id, note, complimentary_plan, stripe_customer_id, tiers",
        "tags ignored (people: 1): all go to the lists that you name",
        "to be suppressed: 2 unsubscribed, first at ghost.csv:5, ghost.csv:6",
    )
    assert "does not export who left" in " ".join(read(EXPORTS / "listmonk.csv").notes)
    mailchimp = read(packed(tmp_path, "mailchimp")).notes
    assert sum("Organisation" in note for note in mailchimp) == 1


@rows("delimiter", [",", ";", "\t"])
@rows("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_columns_in_any_order_delimiter_and_encoding(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    out = io.StringIO()
    table = csv.writer(out, delimiter=delimiter)
    table.writerow(["Subscribed_To_Emails", "", "NAME", "Email"])
    table.writerow(["TRUE", "two\r\nlines", "José  Peña", " jose@example.org "])
    file = read(written(tmp_path, out.getvalue().encode(encoding)))

    [entry] = added(file)
    assert (entry.address, entry.name) == ("jose@example.org", "José Peña")
    assert "columns ignored: #2" in file.notes
    assert any("Windows-1252" in note for note in file.notes) == (encoding == "cp1252")


def test_every_bad_row_is_named_with_line_and_column(tmp_path: Path) -> None:
    declared = "sep=|\nemail|email_disabled\nana@example.org|perhaps\n"
    assert refusal(written(tmp_path, declared)) == (
        "people.csv:3 email_disabled: 'perhaps' is none of true, false: whether to write to them "
        "is not known"
    )
    text = (
        LISTMONK
        + "u,b@example.org,Ana,,gone,,\n"
        + "u,b@example.org,Ana,,enabled,May 2024,\n"
        + "u,b@example.org,A\x07na,,enabled,,\n"
        + "u,b@example.org,enabled\n"
    )
    assert refusal(written(tmp_path, text)).splitlines() == [
        "people.csv:2 status: 'gone' is none of enabled, disabled, blocklisted: whether to write "
        "to them is not known",
        "people.csv:3 created_at: 'May 2024' is neither a date nor a time; write it like "
        "2011-09-21 or 2011-09-21 14:00",
        "people.csv:4 name: holds the control character U+0007; take it out",
        "people.csv:5: has 3 fields, and the first row 7; look for a delimiter or a quote too many "
        "or too few",
    ]


def test_a_row_without_an_address_is_skipped_and_the_others_come(tmp_path: Path) -> None:
    text = (
        LISTMONK
        + 'u,ana,Ana,"{""a"":\n1}",enabled,,\n'
        + "u,,Ana,,enabled,,\n"
        + "u,b@example.org,Ben,,enabled,,\n"
    )
    file = read(written(tmp_path, text))

    assert [entry.address for entry in added(file)] == ["b@example.org"]
    assert file.skipped == {"without an address that email can reach": 2}
    first = "first at people.csv:2, people.csv:4"
    assert f"skipped: 2 without an address that email can reach, {first}" in file.notes


def test_the_first_row_of_an_address_counts_and_a_suppression_always(tmp_path: Path) -> None:
    text = (
        LISTMONK
        + "u,Ana@Example.org,First,,enabled,,\n"
        + "u,ana@example.org,Second,,enabled,,\n"
        + "u,ANA@example.org,Third,,blocklisted,,\n"
    )
    file = read(written(tmp_path, text))

    assert [entry.name for entry in added(file)] == ["First"]
    assert file.skipped == {"stands in the file already": 1}
    assert [entry.reason for entry in to_suppress(file)] == [SuppressionReason.UNSUBSCRIBED]
    assert [entry.name for entry in added(file)] == ["First"], "as often as it is asked for"


def test_columns_of_several_tools_ask_for_a_word(tmp_path: Path) -> None:
    neither = written(tmp_path, "email,status\nana@example.org,active\n")
    assert refusal(neither) == (
        "people.csv:1: could be an export by its columns (listmonk, keila); say of which, like"
        " --format listmonk"
    )
    assert [entry.address for entry in added(read(neither, kind="keila"))] == ["ana@example.org"]
    both = written(tmp_path, "email,email_disabled,subscribed_to_emails\n")
    assert "by its columns (substack, ghost)" in refusal(both)


@rows(
    ("text", "said"),
    [
        ("email\n", "people.csv:1: has no column status, which every keila export has"),
        ("email,status,Status\n", "people.csv:1 Status: stands twice; keep one of them"),
        ("", "people.csv:1: has no column email, status, which every keila export has"),
        (
            'email,status\n"a@example.org,active\n',
            "people.csv:2: is not CSV here; look at the quotes",
        ),
        (b"email,status\n\x81\n", "people.csv:2:1: holds 0x81 here, which is neither"),
        ("email,status\n" + "a" * 3_000_000, "is not CSV here; look at the quotes"),
    ],
)
def test_what_is_no_table_of_the_tool_is_refused(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    assert said in refusal(written(tmp_path, text), kind="keila")


def test_an_export_needs_a_list_and_a_file_of_ours_none(tmp_path: Path) -> None:
    ours = written(tmp_path, "email\nana@example.org\n", "ours.csv")

    assert "choose one for its people; like --list press" in refusal(
        EXPORTS / "ghost.csv", lists=()
    )
    assert "'Press Room' is not the name of a list" in refusal(ours, lists=("Press Room",))
    with_lists = written(tmp_path, "email,lists\nana@example.org,press\n", "with.csv")
    told = "with.csv:1: has a column lists, and a list is chosen too: use one of them; take --list"
    assert told in refusal(with_lists)
    for kind in (AUTO_FORMAT, PLAIN_FORMAT):
        assert read(ours, kind=kind, lists=()).kind == PLAIN_FORMAT
    yaml = written(tmp_path, "subscribers: []", "a.yaml")
    assert refusal(yaml, kind="ghost") == "a.yaml: is no export of ghost, which is a .csv or a .zip"
    foreign = refusal(EXPORTS / "ghost.csv", kind=PLAIN_FORMAT, lists=())
    assert "column 'deleted_at' may say who must not be written to" in foreign


def test_a_zip_that_cannot_be_used_is_refused_in_words(tmp_path: Path) -> None:
    def zipped(name: str, text: str) -> Path:
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(name, text)
        return path

    assert "a.zip: cannot be unpacked" in refusal(written(tmp_path, b"no zip", "a.zip"))
    assert "holds no file of CSV" in refusal(zipped("a.txt", ""))
    assert "holds no export of mailchimp, listmonk" in refusal(zipped("a.csv", "post_id,title\n"))
    bad = zipped("people.csv", "email,email_disabled\nana@example.org,perhaps\n")
    assert refusal(bad).startswith("a.zip/people.csv:2 email_disabled: 'perhaps' is none of")

    good = zipped("people.csv", "email,email_disabled\nana@example.org,false\n").read_bytes()
    damaged = written(tmp_path, good.replace(b"ana@", b"eva@"), "a.zip")
    assert "a.zip/people.csv: cannot be unpacked; export it again" in refusal(damaged)
    locked = bytearray(good)
    locked[good.index(b"PK\x01\x02") + 8] |= 1
    assert "has a password" in refusal(written(tmp_path, bytes(locked), "a.zip"))
    huge = bytearray(good)
    at = good.index(b"PK\x01\x02") + 24
    huge[at : at + 4] = (csv_files.MAX_UNPACKED_BYTES + 1).to_bytes(4, "little")
    assert "unpacks to more than 2 GiB" in refusal(written(tmp_path, bytes(huge), "a.zip"))


def test_a_long_file_is_never_held(tmp_path: Path) -> None:
    rows = (f"u,a{number}@example.org,A Name,{'x' * 5_000},enabled,,\n" for number in range(1_000))
    path = written(tmp_path, LISTMONK + "".join(rows))
    with holding() as cost:
        file = read(path)
        assert sum(1 for _ in file.people) == 1_000

    assert path.stat().st_size > 5_000_000
    assert cost.peak < 2_500_000


@rows("known", EXPORT_FORMATS.values())
def test_each_format_is_whole(known: ExportFormat) -> None:
    assert known.required <= known.marks <= {*known.columns, "uuid", "external id"}
    assert known.address in known.required
    for name in (*known.columns, *(value for says in known.says.values() for value in says)):
        assert name == name.lower()


def test_whoever_must_not_be_written_to_outranks_the_unconfirmed() -> None:
    ranked = list(ContactStatus)
    assert set(REASON_OF_STATUS) == set(ranked[ranked.index(ContactStatus.UNCONFIRMED) + 1 :])


def mailchimp_zip(folder: Path, *names: str, **more: str) -> Path:
    path = folder / "audience.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            [file] = (EXPORTS / "mailchimp").glob(f"{name}_*.csv")
            archive.write(file, file.name)
        for name, text in more.items():
            archive.writestr(f"{name}_members_export.csv", text)
    return path


def test_a_zip_of_mailchimp_without_those_who_left_is_an_error(tmp_path: Path) -> None:
    said = refusal(mailchimp_zip(tmp_path, "subscribed"))
    assert "has no file unsubscribed…" in said
    assert "has no file cleaned…" in said
    assert "--without unsubscribed" in said
    path = mailchimp_zip(tmp_path, "subscribed", "unsubscribed")
    assert "unsubscribed" not in refusal(path)
    assert len(added(read(path, without=["cleaned"]))) == 2


def test_a_file_of_those_who_left_that_cannot_be_read_is_never_passed_over(tmp_path: Path) -> None:
    path = mailchimp_zip(tmp_path, "subscribed", "cleaned", unsubscribed="Adresse,Datum\nx,y\n")
    said = refusal(path, without=["unsubscribed"])
    assert "unsubscribed_members_export.csv cannot be read" in said
