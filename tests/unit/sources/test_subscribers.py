"""Files of people: what is read from YAML and from CSV."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.domain.audience import Consent, Entry, SuppressedEntry, SuppressionReason
from newsletter.domain.errors import InvalidInput
from newsletter.sources.subscribers import SubscribersFile, read_subscribers

ROOT = Path(__file__).parents[3]
ANA = Entry(
    address="ana@example.org",
    name="Ana Ruiz",
    lists=("press", "supporters"),
    language="es",
    timezone="America/Chicago",
    consent=Consent(source="web form", at=datetime(2024, 5, 1, 10, tzinfo=UTC)),
)
HEADER = "email,name,lists,language,timezone,consent_source,consent_at\n"
ROW = "ana@example.org,Ana Ruiz,press;supporters,es,America/Chicago,web form,2024-05-01T10:00:00Z\n"


def read(path: Path) -> SubscribersFile:
    return read_subscribers(path, progress=lambda _: None)


def read_text(tmp_path: Path, name: str, text: str | bytes) -> SubscribersFile:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path)


def said(tmp_path: Path, name: str, text: str | bytes) -> str:
    with pytest.raises(InvalidInput) as refusal:
        read_text(tmp_path, name, text)
    return str(refusal.value).replace(f"{tmp_path}/", "")


def test_the_example_holds_three_people_and_one_suppression() -> None:
    file = read(ROOT / "subscribers.example.yaml")

    assert [entry.address for entry in file.entries] == [
        "ana@example.org",
        "bashir@example.net",
        "chen@example.com",
    ]
    assert {name for entry in file.entries for name in entry.lists} == {"press", "supporters"}
    assert file.suppressed == [
        SuppressedEntry(address="gone@example.org", reason=SuppressionReason.UNSUBSCRIBED)
    ]


def test_yaml_and_csv_say_the_same(tmp_path: Path) -> None:
    yaml = """\
subscribers:
  - email: ana@example.org
    name: Ana Ruiz
    lists: [press, supporters, press]
    language: es
    timezone: America/Chicago
    consent: {source: web form, at: 2024-05-01T12:00:00+02:00}
"""
    assert read_text(tmp_path, "a.yml", yaml).entries == [ANA]
    assert read_text(tmp_path, "a.csv", HEADER + ROW).entries == [ANA]


def test_only_the_address_is_required(tmp_path: Path) -> None:
    bare = [Entry(address="Ana@Example.org", lists=())]
    nothing = (
        "subscribers:\n- {email: Ana@Example.org, name: ~, language: , consent: }\nsuppressed:"
    )

    assert read_text(tmp_path, "a.yaml", "subscribers: [{email: Ana@Example.org}]").entries == bare
    assert read_text(tmp_path, "b.yaml", nothing).entries == bare
    assert read_text(tmp_path, "a.csv", "email\nAna@Example.org\n").entries == bare
    assert read_text(tmp_path, "b.csv", HEADER + "Ana@Example.org,,,,,,\n").entries == bare


def test_a_consent_without_an_offset_is_in_utc_and_may_have_no_time(tmp_path: Path) -> None:
    text = """\
subscribers:
  - {email: a@example.org, consent: {source: web form, at: 2024-05-01 10:00}}
  - {email: b@example.org, consent: {source: conference}}
"""
    first, second = read_text(tmp_path, "a.yaml", text).entries

    assert first.consent == Consent(source="web form", at=datetime(2024, 5, 1, 10, tzinfo=UTC))
    assert second.consent == Consent(source="conference", at=None)


def test_every_reason_of_a_suppression_is_known(tmp_path: Path) -> None:
    lines = "".join(
        f"  - {{email: {reason.value}@example.org, reason: {reason.value}}}\n"
        for reason in SuppressionReason
    )
    suppressed = read_text(tmp_path, "a.yaml", f"suppressed:\n{lines}").suppressed

    assert [entry.reason for entry in suppressed] == list(SuppressionReason)


def test_one_address_may_be_a_subscriber_and_suppressed(tmp_path: Path) -> None:
    suppressed = "suppressed: [{email: a@example.org, reason: manual}]"
    text = f"{suppressed}\nsubscribers: [{{email: a@example.org}}]"
    file = read_text(tmp_path, "a.yaml", text)

    assert (len(file.entries), len(file.suppressed)) == (1, 1)


def test_two_entries_on_one_line_are_still_told_apart(tmp_path: Path) -> None:
    text = "subscribers: [{email: a@example.org}, {email: A@example.org}]"

    assert said(tmp_path, "a.yaml", text) == (
        "a.yaml:1 email: A@example.org stands on line 1 already; keep one of them"
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    text = (
        f'name{delimiter}"Email"{delimiter}LISTS\nAna{delimiter}ana@example.org{delimiter}"press"\n'
    )

    assert read_text(tmp_path, "a.csv", text).entries == [
        Entry(address="ana@example.org", name="Ana", lists=("press",))
    ]


def test_a_declared_delimiter_is_used_and_lines_are_counted_with_it(tmp_path: Path) -> None:
    text = "sep=|\nemail|name\nana@example.org|Ana; Ruiz\n"
    assert read_text(tmp_path, "a.csv", text).entries[0].name == "Ana; Ruiz"
    assert said(tmp_path, "a.csv", text + "bad|Bad\n").startswith("a.csv:4 email: 'bad'")


def test_lists_parted_by_semicolons_stand_in_quotes_where_they_must(tmp_path: Path) -> None:
    text = 'email;lists\nana@example.org;"press; supporters"\n'
    assert read_text(tmp_path, "a.csv", text).entries[0].lists == ("press", "supporters")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_of_spreadsheets_are_read(tmp_path: Path, encoding: str) -> None:
    text = "email,name\r\njose@example.org,José Peña\r\n"
    file = read_text(tmp_path, "a.csv", text.encode(encoding))

    assert file.entries[0].name == "José Peña"
    assert bool(file.notes) == (encoding == "cp1252")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_of_yaml_are_read(tmp_path: Path, encoding: str) -> None:
    text = "subscribers:\n  - {email: jose@example.org, name: José 📣}\n"
    assert read_text(tmp_path, "a.yaml", text.encode(encoding)).entries[0].name == "José 📣"


def test_a_quoted_word_that_yaml_would_misread_is_text(tmp_path: Path) -> None:
    text = "subscribers:\n  - {email: a@example.org, language: 'no', name: \"012\"}\n"
    (entry,) = read_text(tmp_path, "a.yaml", text).entries

    assert (entry.language, entry.name) == ("no", "012")


def test_a_file_of_another_kind_or_none_is_refused(tmp_path: Path) -> None:
    assert said(tmp_path, "a.xlsx", "") == (
        "a.xlsx: is neither YAML nor CSV by its name; name it like subscribers.yaml or people.csv"
    )
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        read(tmp_path / "missing.csv")


def test_progress_counts_every_entry(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("email\n" + "".join(f"reader{n}@example.org\n" for n in range(2500)))
    counts: list[int] = []

    read_subscribers(path, progress=counts.append)

    assert counts == [1000, 2000, 2500]


@pytest.mark.parametrize("kind", ["csv", "yaml"])
def test_a_thousand_faults_are_listed_and_the_rest_counted(tmp_path: Path, kind: str) -> None:
    rows = [f"bad{n}" for n in range(1003)]
    csv = "email\n" + "\n".join(rows)
    yaml = "subscribers:\n" + "".join(f"  - email: {row}\n" for row in rows)

    lines = said(tmp_path, f"a.{kind}", csv if kind == "csv" else yaml).splitlines()

    assert len(lines) == 1001
    assert lines[0].startswith(f"a.{kind}:2 email: 'bad0'")
    assert lines[-1] == f"a.{kind}: and 3 more"


def test_a_fault_after_good_lines_leaves_nothing_imported(tmp_path: Path) -> None:
    assert said(tmp_path, "a.csv", HEADER + ROW + "bad,,,,,,\n").startswith("a.csv:3 email:")
