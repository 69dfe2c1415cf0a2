"""Files of people: the values read from YAML and from CSV."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from newsletter.domain.errors import InvalidInput
from newsletter.domain.subscribers.audience import (
    Consent,
    Entry,
    SuppressedEntry,
    SuppressionReason,
)
from newsletter.subscriber_files.csv_files import Instructions
from newsletter.subscriber_files.subscriber_file import Spool, SubscriberFile
from newsletter.subscriber_files.subscribers import read_people
from tests.costs import holding
from tests.imported import added, to_suppress
from tests.rows import rows

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

LISTLESS = "no list is named for 1: who is new gets no email until you name one"


def read(path: Path) -> SubscriberFile:
    return read_people(path, Instructions())


def read_text(tmp_path: Path, name: str, text: str | bytes) -> SubscriberFile:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path)


def said(tmp_path: Path, name: str, text: str | bytes) -> str:
    with pytest.raises(InvalidInput) as refusal:
        read_text(tmp_path, name, text)
    return str(refusal.value).replace(f"{tmp_path}/", "")


def test_the_example_holds_three_people_and_one_suppression() -> None:
    file = read(ROOT / "subscribers.example.yaml")

    assert [entry.address for entry in added(file)] == [
        "ana@example.org",
        "bashir@example.net",
        "chen@example.com",
    ]
    assert {name for entry in added(file) for name in entry.lists} == {"press", "supporters"}
    assert to_suppress(file) == [
        SuppressedEntry(address="gone@example.org", reason=SuppressionReason.UNSUBSCRIBED)
    ]


def test_accents_are_coded_as_searches_and_segments_expect_them(tmp_path: Path) -> None:
    text = "email,name,place\nana@example.org,Jose\u0301,Mu\u0308nchen\n"
    [person] = added(read_text(tmp_path, "from_macos.csv", text))
    assert (person.name, person.place) == ("José", "München")


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
    assert added(read_text(tmp_path, "a.yml", yaml)) == [ANA]
    assert added(read_text(tmp_path, "a.csv", HEADER + ROW)) == [ANA]


def test_only_the_address_is_required(tmp_path: Path) -> None:
    for name, text in (
        ("a.yaml", "subscribers: [{email: Ana@Example.org}]"),
        ("b.yaml", "subscribers:\n- {email: Ana@Example.org, name: ~, consent: }\nsuppressed:"),
        ("a.csv", "email\nAna@Example.org\n"),
        ("b.csv", HEADER + "Ana@Example.org,,,,,,\n"),
    ):
        assert added(read_text(tmp_path, name, text)) == [
            Entry(address="Ana@Example.org", lists=())
        ]


GOOD = "good@example.org,Ana,press"


@rows(
    ("text", "bad_rows"),
    [
        ("email,name,lists\nbad,Ben,press\n", 1),
        ("email,name,lists\nbad,Ben,Press Office\nb@example.org,Ben\n", 2),
        ("email,name,lists\n" + "bad,Ben,press\n" * 1001, 1001),
        # rows that ask for less email, and faults of the file itself, must be corrected
        ("email,left,lists\nb@example.org,press,Press Office\n", None),
        ("email,paused_until,lists\nb@example.org,2030-01-01,Press Office\n", None),
        ("email,suppressed,lists\nb@example.org,bounces,\n", None),
        ("email,suppressed,lists\nb@example.org,,press,bounced\n", None),
        ("email,name,unsubscribed\nbad,Ben,press\n", None),
    ],
)
def test_a_table_can_be_read_without_its_bad_rows(
    tmp_path: Path, text: str, bad_rows: int | None
) -> None:
    (tmp_path / "a.csv").write_text(f"{text}{GOOD}\n")
    with pytest.raises(InvalidInput) as refusal:
        read(tmp_path / "a.csv")
    codes = {fault.code for fault in refusal.value.faults}
    assert codes == {"bad-row" if bad_rows else ""}, "said with the faults"
    omitting = Instructions(omits_bad_rows=True)
    if not bad_rows:
        with pytest.raises(InvalidInput):
            read_people(tmp_path / "a.csv", omitting)
        return
    file = read_people(tmp_path / "a.csv", omitting)
    assert [one.address for one in added(file)] == ["good@example.org"]
    assert (file.bad_rows, file.left_out) == (bad_rows, refusal.value.faults)


def test_a_consent_without_an_offset_is_in_utc_and_may_have_no_time(tmp_path: Path) -> None:
    text = """\
subscribers:
  - {email: a@example.org, consent: {source: web form, at: 2024-05-01 10:00}}
  - {email: b@example.org, consent: {source: conference}}
"""
    first, second = added(read_text(tmp_path, "a.yaml", text))

    assert first.consent == Consent(source="web form", at=datetime(2024, 5, 1, 10, tzinfo=UTC))
    assert second.consent == Consent(source="conference", at=None)


def test_every_reason_of_a_suppression_is_known(tmp_path: Path) -> None:
    lines = "".join(
        f"  - {{email: {reason.value}@example.org, reason: {reason.value}}}\n"
        for reason in SuppressionReason
    )
    suppressed = to_suppress(read_text(tmp_path, "a.yaml", f"suppressed:\n{lines}"))

    assert [entry.reason for entry in suppressed] == list(SuppressionReason)
    text = f"suppressed:\n{lines}subscribers: [{{email: manual@example.org}}]"
    assert len(added(read_text(tmp_path, "b.yaml", text))) == 1, "he may be both"


def test_two_entries_on_one_line_are_still_told_apart(tmp_path: Path) -> None:
    text = "subscribers: [{email: a@example.org}, {email: A@example.org}]"

    assert said(tmp_path, "a.yaml", text) == (
        "a.yaml:1 email: A@example.org stands on line 1 already; keep one of them"
    )


@rows(
    ("written", "meant"),
    [
        (("03/11/2024", "15/09/2024"), ["2024-11-03", "2024-09-15"]),
        (("03/11/2024 09:30", "09-15-2024"), ["2024-03-11", "2024-09-15"]),
        (("03.11.2024", "2024-09-15"), ["2024-11-03", "2024-09-15"]),
    ],
)
def test_a_column_of_dates_shows_whether_the_day_comes_first(
    tmp_path: Path, written: tuple[str, str], meant: list[str]
) -> None:
    text = "email,consent_source,consent_at\n" + "".join(
        f"r{number}@example.org,form,{day}\n" for number, day in enumerate(written)
    )
    people = added(read_text(tmp_path, "a.csv", text))
    assert [str(one.consent.at)[:10] for one in people] == meant


def test_dates_that_can_be_read_two_ways_are_refused(tmp_path: Path) -> None:
    head = "email,consent_source,consent_at\n"
    for written in ("03/11/2024", "03/13/2024\nb@example.org,form,13/03/2024"):
        text = f"{head}a@example.org,form,{written}\n"
        assert "is neither a date nor a time" in said(tmp_path, "a.csv", text)


@rows("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    text = 'name,"Email",LISTS\nAna,ana@example.org,"press"\n'.replace(",", delimiter)
    assert added(read_text(tmp_path, "a.csv", text)) == [
        Entry(address="ana@example.org", name="Ana", lists=("press",))
    ]


def test_a_declared_delimiter_is_used_and_lines_are_counted_with_it(tmp_path: Path) -> None:
    text = "sep=|\nemail|name\nana@example.org|Ana; Ruiz\n"
    assert added(read_text(tmp_path, "a.csv", text))[0].name == "Ana; Ruiz"
    assert said(tmp_path, "a.csv", text + "bad|Bad\n").startswith("a.csv:4 email: 'bad'")


def test_lists_parted_by_semicolons_stand_in_quotes_where_they_must(tmp_path: Path) -> None:
    text = 'email;lists\nana@example.org;"press; supporters"\n'
    assert added(read_text(tmp_path, "a.csv", text))[0].lists == ("press", "supporters")


WRITTEN = [
    *(("cp1252", name) for name in ("José Peña", "Kåre Sørensen", "Françoise Noël", "Ibáñez")),
    *(("cp1250", name) for name in ("Łukasz", "Jiří Dvořák", "Zając", "Szűcs Gergő")),
    *(("mac_roman", name) for name in ("José Peña", "Jürgen König", "Françoise Noël", "José")),
    *(("cp1254", name) for name in ("Gülşah İpekçi", "Işıl Gülşah")),
    *(("cp1257", name) for name in ("Žukauskienė Rūta", "Jānis Bērziņš")),
    ("cp1252", "Jürgen Müller"),
]


@rows(("encoding", "name"), WRITTEN)
def test_letters_of_any_country_come_out_right(tmp_path: Path, encoding: str, name: str) -> None:
    text = f"email,name\r\na@example.org,Ann\r\nb@example.org,{name}\r\n"
    file = read_text(tmp_path, "a.csv", text.encode(encoding))
    assert [entry.name for entry in added(file)] == ["Ann", name]
    assert "look at its quotes and accents" in " ".join(file.notes)


@rows(
    ("encoding", "name"),
    [("cp1250", "Gdańsk"), ("cp1252", "Peña"), ("cp1252", "Søren"), ("cp1254", "Çağlar")],
)
def test_letters_that_may_be_several_are_refused_with_all_readings_and_read_as_is_said(
    tmp_path: Path, encoding: str, name: str
) -> None:
    data = f"email,name\na@example.org,{name}\n".encode(encoding)
    told = said(tmp_path, "a.csv", data)
    assert told.startswith("a.csv:2: is not UTF-8, and its letters may be ")
    for each in ("cp1252", "cp1250"):
        assert repr(name.encode(encoding).decode(each)) in told
    assert "--encoding windows-1252" in told
    file = read_people(tmp_path / "a.csv", Instructions(encoding=encoding))
    assert [entry.name for entry in added(file)] == [name]
    assert file.notes == (LISTLESS,)
    with pytest.raises(InvalidInput, match="'klingon' is no encoding"):
        read_people(tmp_path / "a.csv", Instructions(encoding="klingon"))


def test_a_few_names_from_elsewhere_do_not_hide_what_the_others_show(tmp_path: Path) -> None:
    names = ["José Peña"] * 9 + ["Søren Müller"]
    text = "email,name\n" + "".join(f"a{n}@example.org,{one}\n" for n, one in enumerate(names))
    file = read_text(tmp_path, "a.csv", text.encode("cp1252"))
    assert [entry.name for entry in added(file)] == names


def test_a_quoted_word_that_yaml_would_misread_is_text(tmp_path: Path) -> None:
    text = "subscribers:\n  - {email: a@example.org, language: 'no', name: \"012\"}\n"
    (entry,) = added(read_text(tmp_path, "a.yaml", text))

    assert (entry.language, entry.name) == ("no", "012")


def test_a_file_of_another_kind_or_none_is_refused(tmp_path: Path) -> None:
    assert said(tmp_path, "a.xlsx", "") == (
        "a.xlsx: is no table by its name; save it as .csv, .xlsx or .ods, or as our .yaml"
    )
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        read(tmp_path / "missing.csv")


def test_progress_counts_every_entry(tmp_path: Path) -> None:
    path, counts = tmp_path / "many.csv", list[int]()
    path.write_text("email\n" + "".join(f"reader{n}@example.org\n" for n in range(2500)))
    read_people(path, Instructions(), progress=counts.append)
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


FULL = Entry(
    address="ana@example.org",
    lists=("press",),
    place="Austin, TX",
    outlet="Example Herald",
    beat="water, schools",
    phone="+1 202 555 0101",
    notes="prefers mornings",
    tags=("board", "vip"),
    paused_until=datetime(2027, 1, 31, tzinfo=UTC),
    left=("events", "supporters"),
)


def test_place_tags_pause_and_what_was_left_are_read_from_both(tmp_path: Path) -> None:
    csv = (
        "email,lists,place,Organisation,beat,Telephone,notes,tags,paused_until,left\n"
        'ana@example.org,press,"Austin, TX",Example Herald,"water, schools",+1 202 555 0101,'
        "prefers mornings,board; vip;board,2027-01-31,events;supporters\n"
    )
    yaml = """\
subscribers:
  - email: ana@example.org
    lists: [press]
    place: Austin, TX
    outlet: Example Herald
    beat: water, schools
    phone: +1 202 555 0101
    notes: prefers mornings
    tags: [board, vip]
    paused_until: 2027-01-31T01:00:00+01:00
    left: [events, supporters]
"""
    assert added(read_text(tmp_path, "a.csv", csv)) == [FULL]
    assert added(read_text(tmp_path, "a.yaml", yaml)) == [FULL]


def test_a_row_with_a_reason_is_a_suppression_and_with_more_a_subscriber_too(
    tmp_path: Path,
) -> None:
    csv = (
        "email,name,suppressed\n"
        "gone@example.org,,unsubscribed\nana@example.org,Ana,complained\nbo@example.org,,\n"
    )
    yaml = """\
suppressed: [{email: gone@example.org, reason: unsubscribed}]
subscribers:
  - {email: ana@example.org, name: Ana, suppressed: complained}
  - {email: bo@example.org}
"""
    for name, text in (("a.csv", csv), ("a.yaml", yaml)):
        file = read_text(tmp_path, name, text)
        assert [entry.address for entry in added(file)] == ["ana@example.org", "bo@example.org"]
        assert to_suppress(file) == [
            SuppressedEntry(address="gone@example.org", reason=SuppressionReason.UNSUBSCRIBED),
            SuppressedEntry(address="ana@example.org", reason=SuppressionReason.COMPLAINED),
        ]
        lines = (2, 3) if name == "a.csv" else (1, 3)
        assert file.notes == (
            LISTLESS.replace("1", "2"),
            f"to be suppressed: 1 unsubscribed, first at {name}:{lines[0]}",
            f"to be suppressed: 1 complained, first at {name}:{lines[1]}",
        )


def test_an_apostrophe_before_a_formula_is_taken_away_and_any_other_stays(tmp_path: Path) -> None:
    text = "email,name\n'=a@example.org,'+49 30\nb@example.org,' = 1\nc@example.org,'t Hooft\n"
    entries = added(read_text(tmp_path, "a.csv", text))

    assert [entry.name for entry in entries] == ["+49 30", "= 1", "'t Hooft"]
    assert entries[0].address == "=a@example.org"


@rows("name", ["a.csv", "a.yaml"])
@rows("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_known_with_and_without_a_byte_order_mark(
    tmp_path: Path, name: str, encoding: str
) -> None:
    csv = "email,name\r\nli@example.org,李小龍 📣\r\n"
    yaml = "subscribers:\n  - {email: li@example.org, name: 李小龍 📣}\n"
    file = read_text(tmp_path, name, (csv if name == "a.csv" else yaml).encode(encoding))
    assert [entry.name for entry in added(file)] == ["李小龍 📣"]
    assert file.notes == (LISTLESS,)


@rows(
    ("name", "data", "place"),
    [
        ("a.csv", b"email,name\r\n\r\na@example.org,\x81\r\n", "3:15: holds 0x81"),
        ("a.csv", b"\xef\xbb\xbfemail\ra@example.org\r\xff", "3:1: holds 0xff"),
        ("a.csv", "email\na@example.org\n".encode("utf-16") + b"\x00\xd8a\x00", "3:1: holds 0x00"),
        (
            "a.yaml",
            b"subscribers:\n  - email: a@b.example\n    name: Jos\xe9\n",
            "3:14: holds 0xe9",
        ),
        ("a.yaml", b"# " + b"x" * 300_000 + b"\r\n# \x07", "2:3: holds the control character U+00"),
        ("a.yaml", b"\xff\xfea\x00\n\x00\x00\xd8", "2:1: holds 0x00"),
    ],
)
def test_what_is_no_text_is_named_by_line_and_column(
    tmp_path: Path, name: str, data: bytes, place: str
) -> None:
    assert said(tmp_path, name, data).startswith(f"{name}:{place}")


@pytest.mark.parametrize("kind", ["csv", "yaml"])
def test_what_was_checked_is_imported_even_if_the_file_changes_afterwards(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"a.{kind}"
    text = "email\na@b.example\n" if kind == "csv" else "subscribers: [{email: a@b.example}]"
    file = read_text(tmp_path, path.name, text)
    path.unlink()
    for _ in range(2):
        assert [entry.address for entry in added(file)] == ["a@b.example"]


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("email\n" + "".join(f"a{number}@b.example\n" for number in range(1_000)))
    with pytest.raises(InvalidInput, match=r"a\.csv: changed while it was read; import it again"):
        read_people(path, Instructions(), progress=lambda _: path.write_text("email\n"))


@pytest.mark.parametrize("kind", ["csv", "yaml"])
def test_a_long_file_of_ours_is_never_held(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    csv, yaml = "{0},{1}\n", "  - email: {0}\n    name: {1}\n"
    with path.open("w") as out:
        out.write("email,name\n" if kind == "csv" else "subscribers:\n")
        for number in range(1_000):
            line = csv if kind == "csv" else yaml
            out.write(line.format(f"a{number}@example.org", "x" * 5_000))
    with holding() as cost:
        assert sum(1 for _ in read(path).people) == 1_000

    assert path.stat().st_size > 5_000_000
    assert cost.peak < 2_500_000


@rows(
    "header",
    [
        "Email,First Name,Last Name,Lists",
        "E-mail address,firstname,SURNAME,Mailing list",
        "EMAIL ADDRESS;Given_name;Family-Name;list",
        "e-mail\tFirst name\tLast name\tlists",
        "E-Mail-Adresse;Vorname;Nachname;Verteiler",
        "E-Mail;Vorname;Name;Liste",
        "Correo electrónico;Nombre;Apellidos;Listas",
        "Adresse e-mail;Pre\u0301nom;Nom;Liste de diffusion",
    ],
)
def test_columns_are_understood_as_spreadsheets_name_them(tmp_path: Path, header: str) -> None:
    delimiter = next(each for each in "\t;," if each in header)
    row = delimiter.join(["ana@example.org", "Ana", "Ruiz", "press"])
    [ana] = added(read_text(tmp_path, "a.csv", f"{header}\n{row}\n"))
    assert (ana.address, ana.name, ana.lists) == ("ana@example.org", "Ana Ruiz", ("press",))


def test_a_whole_name_outranks_its_parts(tmp_path: Path) -> None:
    text = "email,name,first name\na@x.example,Ana Ruiz,A\nb@x.example,,Bo\n"
    assert [one.name for one in added(read_text(tmp_path, "a.csv", text))] == ["Ana Ruiz", "Bo"]
    for header in ("Correo,Nombre", "Courriel,Nom"):
        [ana] = added(read_text(tmp_path, "a.csv", f"{header}\nana@x.example,Ana Ruiz\n"))
        assert ana.name == "Ana Ruiz"


@pytest.mark.parametrize("header", ["Abgemeldet am", "Gelöscht", "Baja", "Désabonné le", "Statut"])
def test_a_column_that_may_keep_people_out_is_asked_for_in_other_languages(
    tmp_path: Path, header: str
) -> None:
    with pytest.raises(InvalidInput, match="may say who must not be written to"):
        mapped(tmp_path, f"E-Mail,Sprache,{header}\nana@example.org,de,x\n")


def mapped(
    tmp_path: Path, text: str, lists: tuple[str, ...] = (), **columns: str
) -> SubscriberFile:
    path = tmp_path / "people.csv"
    path.write_text(text)
    return read_people(path, Instructions(lists=lists, headers=columns))


def test_columns_are_mapped_by_hand(tmp_path: Path) -> None:
    text = "Adresse;Wer;E-Mail\nana@example.org;Ana;old@example.org\n"
    with pytest.raises(InvalidInput, match="column 'e-mail' means nothing here"):
        mapped(tmp_path, text, email="Adresse", name="Wer")
    towns = text.replace("E-Mail", "Ort")
    [ana] = added(mapped(tmp_path, towns, email="ADRESSE", name="Wer", place="Ort"))
    assert (ana.address, ana.place) == ("ana@example.org", "old@example.org")
    with pytest.raises(InvalidInput, match="has no column 'Mail', which you named for email"):
        mapped(tmp_path, text, email="Mail")


def test_what_means_nothing_is_ignored_and_named(tmp_path: Path) -> None:
    text = "email,Fax,name,,State,Subscribed\nana@example.org,123,Ana,x,TX,no\n"
    with pytest.raises(InvalidInput, match="'subscribed' may say who must not be written to"):
        mapped(tmp_path, text)
    read = read_people(tmp_path / "people.csv", Instructions(ignored=["SUBSCRIBED"]))
    [ana] = added(read)
    assert (ana.address, ana.name, ana.place) == ("ana@example.org", "Ana", "")
    aside = "Fax, #4, State, Subscribed"
    assert read.notes == (f"columns ignored: {aside}", LISTLESS)


def test_a_table_without_lists_goes_to_those_that_are_named(tmp_path: Path) -> None:
    [ana] = added(mapped(tmp_path, "email\nana@example.org\n", ("press", "events")))
    assert ana.lists == ("press", "events")
    with pytest.raises(InvalidInput, match="take --list away"):
        mapped(tmp_path, "email,lists\nana@example.org,press\n", ("press",))
    (tmp_path / "a.yaml").write_text("subscribers: []\n")
    for said in (Instructions(lists=("press",)), Instructions(headers={"email": "x"})):
        with pytest.raises(InvalidInput, match="take --"):
            read_people(tmp_path / "a.yaml", said)


@pytest.mark.parametrize("count", [3, 5_000, 12_001])
def test_a_spool_sorts_what_would_fill_memory(count: int, tmp_path: Path) -> None:
    values = [sha256(str(number).encode()).digest() for number in range(count)]
    with (tmp_path / "spool").open("w+b") as file:
        spool = Spool[bytes](file, before=[b"first"], key=lambda value: value)
        for value in values:
            spool.add(value)
        wanted = values if count < 5_000 else sorted(values)
        assert [*spool] == [*spool] == [b"first", *wanted]
