"""The folder source: files read, files left out, and files read again."""

import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

import pytest

from newsletter.domain.ports import Source
from newsletter.domain.schedule import LocalTime
from newsletter.domain.statements.statement import Progress, Reading
from newsletter.domain.subscribers.segment import Segment
from newsletter.sources.folder import MAX_BYTES, FolderSource
from newsletter.sources.statements import Defaults
from tests.rows import rows

FULL = """\
---
title: "Forum: resigns from task force"
date: 2011-09-21
summary: One line for the inbox preview.      # with a comment
subject: 'The Forum has resigned'
preview: What inboxes show
reply_to: Answers@Forum.example
slug: forum-resigns
author: Writer@Forum.example
status: approved
approved_by: [Editor@Forum.example, editor@forum.EXAMPLE, second@forum.example]
lists:
  - press
  - supporters
  - press
send_at: 2011-09-21 14:00
embargo_until: 2011-09-21 14:00:30+02:00
language: "no"
translation_of: the-original
corrects: an-earlier-one
urgent: true
despite: The date is set tonight
---

The Forum has resigned.

---

Contact the office.

"""


def source(workspace: Path, **changed: object) -> FolderSource:
    usual = Defaults(lists=("press",), language="en", timezone="America/New_York")
    defaults = {name: changed.pop(name) for name in [*changed] if name in vars(usual)}
    settings: dict[str, object] = {"folder": Path("statements"), "workspace": workspace}
    settings |= {"defaults": replace(usual, **defaults), **changed}  # type: ignore[arg-type]
    return FolderSource(**settings)  # type: ignore[arg-type] # one place for all tests


def write(
    workspace: Path, name: str, text: str | bytes = "---\ntitle: A title\n---\nA body.\n"
) -> Path:
    path = workspace / "statements" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def slugs(reading: Reading) -> list[str]:
    return [statement.slug for statement in reading.statements]


def faults(reading: Reading) -> list[str]:
    return [str(fault) for fault in reading.faults]


def test_every_key_of_a_statement_file_is_read(tmp_path: Path) -> None:
    write(tmp_path, "any-name.md", FULL)

    reading = source(tmp_path).read()

    assert reading.faults == ()
    (statement,) = reading.statements
    assert statement.slug == "forum-resigns"
    assert statement.title == "Forum: resigns from task force"
    assert statement.body == "The Forum has resigned.\n\n---\n\nContact the office."
    assert statement.date == date(2011, 9, 21)
    assert statement.summary == "One line for the inbox preview."
    assert statement.subject == "The Forum has resigned"
    assert statement.preview == "What inboxes show"
    assert statement.reply_to.lower() == "answers@forum.example"
    assert statement.author == "writer@forum.example"
    assert statement.progress is Progress.APPROVED
    assert statement.approved_by == ("editor@forum.example", "second@forum.example")
    assert statement.lists == ("press", "supporters")
    assert statement.send_at == datetime(2011, 9, 21, 14, 0)  # noqa: DTZ001 # a wall time has no zone
    offset = timezone(timedelta(hours=2))
    assert statement.embargo_until == datetime(2011, 9, 21, 14, 0, 30, tzinfo=offset)
    assert statement.language == "no"
    assert statement.translation_of == "the-original"
    assert statement.corrects == "an-earlier-one"
    assert statement.urgent
    assert statement.despite == "The date is set tonight"
    assert statement.origin == "statements/any-name.md"


def test_a_statement_knows_the_lines_of_its_file(tmp_path: Path) -> None:
    write(tmp_path, "any-name.md", FULL)
    (statement,) = source(tmp_path).read().statements
    lines = FULL.splitlines()
    for key in ("title", "summary", "lists", "send_at", "despite"):
        assert lines[statement.line_of(key) - 1].startswith(f"{key}:")
    assert lines[statement.line_of("body") - 1] == "The Forum has resigned."
    assert statement.line_of("no-such-key") == 0


def test_what_a_file_does_not_say_comes_from_the_configuration(tmp_path: Path) -> None:
    write(tmp_path, "short.md", "---\ntitle: A title\nsummary:\nauthor: \n---\nA body.")

    reader: Source = source(tmp_path, lists=("press", "staff"), language="de")
    (statement,) = reader.read().statements

    assert statement.slug == "short"
    assert statement.lists == ("press", "staff")
    assert statement.language == "de"
    assert statement.progress is Progress.REVIEW
    assert (statement.date, statement.send_at, statement.embargo_until) == (None, None, None)
    assert (statement.summary, statement.author, statement.approved_by) == ("", "", ())


def test_files_in_folders_are_read_in_the_order_of_their_paths(tmp_path: Path) -> None:
    for name in ("b.md", "2011/a.md", "2011/09/c.MD"):
        write(tmp_path, name)

    assert slugs(source(tmp_path).read()) == ["c", "a", "b"]


def test_hidden_files_the_readme_and_other_kinds_are_left_out(tmp_path: Path) -> None:
    for name in (".draft.md", ".git/a.md", "README.md", "readme.MD", "notes.txt", "a.md~"):
        write(tmp_path, name, "not a statement")

    assert source(tmp_path).read() == Reading(statements=())


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    plain = "---\ntitle: Grüße\n---\nFirst.\n\nSecond.\n"
    write(tmp_path, "dos.md", b"\xef\xbb\xbf" + plain.replace("\n", "\r\n").encode())
    write(tmp_path, "mac.md", plain.replace("\n", "\r"))
    write(tmp_path, "unix.md", plain)

    reading = source(tmp_path).read()

    assert reading.faults == ()
    assert {statement.title for statement in reading.statements} == {"Grüße"}
    assert {statement.body for statement in reading.statements} == {"First.\n\nSecond."}


def test_two_files_with_one_slug_name_each_other_and_neither_is_read(tmp_path: Path) -> None:
    write(tmp_path, "one.md")
    write(tmp_path, "two.md", "---\ntitle: Two\nslug: one\n---\nBody.")
    write(tmp_path, "three.md")

    reading = source(tmp_path).read()

    assert slugs(reading) == ["three"]
    assert reading.complete
    assert faults(reading) == [
        "statements/one.md slug: one is also the slug of statements/two.md, "
        "so neither is used; write another slug",
        "statements/two.md:3 slug: one is also the slug of statements/one.md, "
        "so neither is used; write another slug",
    ]


def test_a_slug_taken_by_a_faulty_file_is_free_for_another(tmp_path: Path) -> None:
    write(tmp_path, "one.md", "---\nslug: one\n---\nNo title.")
    write(tmp_path, "two.md", "---\ntitle: Two\nslug: one\n---\nBody.")

    assert slugs(source(tmp_path).read()) == ["one"]


def test_a_missing_folder_is_incomplete_and_says_what_to_do(tmp_path: Path) -> None:
    reading = source(tmp_path).read()

    assert not reading.complete
    assert reading.statements == ()
    assert faults(reading) == [
        "statements: this folder of statements cannot be read: No such file or directory; make it, "
        "or correct its path under statements: in newsletter.yaml"
    ]


def test_a_folder_outside_of_the_workspace_is_named_whole(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.md").write_text("no front matter")

    reading = source(tmp_path / "workspace", folder=elsewhere).read()

    assert faults(reading)[0].startswith(f"{elsewhere.as_posix()}/a.md:1: has no front matter")


def test_a_file_over_two_megabytes_is_refused(tmp_path: Path) -> None:
    header = "---\ntitle: Long\n---\n"
    write(tmp_path, "fits.md", header + "x" * (MAX_BYTES - len(header)))
    write(tmp_path, "large.md", header + "x" * (MAX_BYTES - len(header) + 1))

    reading = source(tmp_path).read()

    assert slugs(reading) == ["fits"]
    assert faults(reading) == [
        "statements/large.md: is larger than 2 MB, too much for a mail; shorten it"
    ]


def test_only_ordinary_files_within_the_folder_are_read(tmp_path: Path) -> None:
    write(tmp_path, ".data/real.md")
    secret = tmp_path / "secret" / "there.md"
    secret.parent.mkdir()
    secret.write_text("---\ntitle: Secret\n---\nSecret.")
    folder = tmp_path / "statements"
    (folder / "inside.md").symlink_to(".data/real.md")
    (folder / "outside.md").symlink_to(secret)
    (folder / "folder").symlink_to(secret.parent)
    (folder / "broken.md").symlink_to("nothing.md")
    (folder / "loop.md").symlink_to("loop.md")
    os.mkfifo(folder / "pipe.md")

    reading = source(tmp_path).read()

    nowhere = "is a link that leads nowhere; put the file itself here"
    assert slugs(reading) == ["inside"]
    assert faults(reading) == [
        f"statements/broken.md: {nowhere}",
        f"statements/loop.md: {nowhere}",
        "statements/outside.md: is a link that leads out of the folder; "
        "put a copy of the file here",
        "statements/pipe.md: is not an ordinary file; put a file of text here, or rename it",
    ]


def test_a_name_that_is_no_text_is_a_fault_of_its_file_alone(tmp_path: Path) -> None:
    write(tmp_path, "good.md")
    for name in (b"caf\xe9.md", b"\xe9/two.md"):
        write(tmp_path, os.fsdecode(name), "---\ntitle: Two\nslug: two\n---\nText.\n")
    reading = source(tmp_path).read()
    assert slugs(reading) == ["good"]
    why = "has a name that is not UTF-8; rename it, or its folder"
    names = (r"statements/\udce9/two.md", r"statements/caf\udce9.md")
    assert faults(reading) == [f"{name}: {why}" for name in names]
    assert reading.complete


@contextmanager
def without_privileges(folder: Path) -> Iterator[None]:
    """Work inside a folder as somebody whom permissions bind, also where tests run as root."""
    folder.chmod(0o755)
    with chdir(folder):
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)


def test_what_cannot_be_read_makes_the_reading_incomplete(tmp_path: Path) -> None:
    write(tmp_path, "here.md")
    write(tmp_path, "locked.md").chmod(0)
    write(tmp_path, "shut/there.md").parent.chmod(0)

    with without_privileges(tmp_path):
        reading = source(Path()).read()

    assert (slugs(reading), reading.complete) == (["here"], False)
    locked, shut = faults(reading)
    assert locked == (
        "statements/locked.md: cannot be read: Permission denied; "
        "check the file and its permissions"
    )
    assert shut.startswith("statements/shut: this folder")


def test_an_edit_of_the_same_size_and_time_is_noticed(tmp_path: Path) -> None:
    path = write(tmp_path, "a.md", "---\ntitle: First\n---\nBody.\n")
    reader = source(tmp_path)
    before = path.stat()
    assert reader.read().statements[0].title == "First"

    path.write_text("---\ntitle: Other\n---\nBody.\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    replacement = write(tmp_path, "b.tmp", "---\ntitle: Third\n---\nBody.\n")
    os.utime(replacement, ns=(before.st_atime_ns, before.st_mtime_ns))
    replacement.replace(path)

    assert reader.read().statements[0].title == "Third"


def test_an_unchanged_file_is_not_parsed_again(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    write(tmp_path, "b.md", "no front matter")
    reader = source(tmp_path)

    first, second = reader.read(), reader.read()

    assert first == second
    assert first.statements[0] is second.statements[0]
    assert first.faults[0] is second.faults[0]


def test_where_nothing_is_new_it_is_the_very_reading_that_was_given_before(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    path = write(tmp_path, "b.md", "no front matter")
    reader = source(tmp_path)
    first = reader.read()
    assert reader.read() is first
    os.utime(path)
    assert reader.read() is first  # read again, and it says the same

    write(tmp_path, "c.md")
    second = reader.read()
    assert second is not first
    assert reader.read() is second
    path.unlink()
    assert reader.read() is not second


def test_a_file_written_just_before_it_was_read_is_read_again(tmp_path: Path) -> None:
    """Two writes within one tick of the file system's clock look like one: no time tells them."""
    written = write(tmp_path, "a.md").stat().st_ctime_ns
    asked: list[int] = []  # the time is asked for once for each file that is read

    def now() -> int:
        asked.append(written + len(asked) * 1_500_000_000)
        return asked[-1]

    reader = source(tmp_path, now_ns=now)
    readings = [reader.read() for _ in range(5)]

    assert len(asked) == 3  # at once, 1.5 s and 3 s after it was written, and then no more
    assert all(reading is readings[0] for reading in readings)


def test_a_mark_shows_each_change_that_keeps_size_and_time_of_writing(tmp_path: Path) -> None:
    path = write(tmp_path, "a.md")
    written = path.stat()
    reader = source(tmp_path, now_ns=lambda: written.st_ctime_ns + 10_000_000_000)
    first = reader.fingerprint()
    assert first == reader.fingerprint() != ""
    path.write_bytes(path.read_bytes().replace(b"Body", b"Body"[::-1]))
    os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))
    second = reader.fingerprint()
    assert second != first
    path.rename(path.with_name("b.md"))
    assert reader.fingerprint() not in {first, second}


def test_there_is_no_mark_while_a_change_may_not_show_or_cannot_be_seen(tmp_path: Path) -> None:
    path = write(tmp_path, "a.md")
    lately = source(tmp_path, now_ns=lambda: path.stat().st_ctime_ns + 1_900_000_000)
    assert lately.fingerprint() == ""
    later = source(tmp_path, now_ns=lambda: path.stat().st_ctime_ns + 10_000_000_000)
    assert later.fingerprint() != ""
    path.with_name("b.md").symlink_to(path)
    assert later.fingerprint() == ""
    path.with_name("b.md").unlink()
    path.with_name("b.md").symlink_to("nowhere.md")
    assert later.fingerprint() == ""
    assert source(tmp_path / "none").fingerprint() == ""


def test_a_file_that_was_mended_or_taken_away_is_seen(tmp_path: Path) -> None:
    path = write(tmp_path, "a.md", "no front matter")
    write(tmp_path, "b.md")
    reader = source(tmp_path)
    assert slugs(reader.read()) == ["b"]

    path.write_text("---\ntitle: Mended\n---\nBody.")
    assert slugs(reader.read()) == ["a", "b"]
    path.unlink()
    assert slugs(reader.read()) == ["b"]


def test_a_title_in_unusual_scripts_and_signs_is_kept(tmp_path: Path) -> None:
    write(tmp_path, "a.md", '---\ntitle: "Đường dây nóng 📣 — “ja” \\"so\\""\n---\nBody.')

    assert source(tmp_path).read().statements[0].title == 'Đường dây nóng 📣 — “ja” "so"'


def test_an_alias_is_refused_and_a_merge_key_brings_nothing_in(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "---\nx: &x {title: Hidden}\n<<: *x\n---\nBody.")
    write(tmp_path, "b.md", "---\n<<: {title: Hidden}\n---\nBody.")

    said = "\n".join(faults(source(tmp_path).read()))

    assert "a.md:3: aliases (*name) are not read here; write the value out" in said
    assert "b.md:2 <<: is not a key of a statement" in said
    assert "b.md:1 title: is missing" in said


@rows(
    ("written", "local"),
    [
        ("09:00 local", LocalTime(at=time(9))),
        ('"09:00 local"', LocalTime(at=time(9))),
        ("23:59  local  # everywhere", LocalTime(at=time(23, 59))),
        ("2026-12-01 09:00 local", LocalTime(at=time(9), day=date(2026, 12, 1))),
        ("'2026-12-01T09:00 local'", LocalTime(at=time(9), day=date(2026, 12, 1))),
    ],
)
def test_a_time_by_each_readers_own_clock_is_read_with_quotes_or_without(
    tmp_path: Path, written: str, local: LocalTime
) -> None:
    write(tmp_path, "news.md", f"---\ntitle: A title\nsend_at: {written}\n---\nA body.\n")
    (statement,) = source(tmp_path).read().statements
    assert (statement.local_time, statement.send_at) == (local, None)


TEXAS = Segment(name="texas", list="press", timezone="UTC", place=("Austin",))


@pytest.mark.parametrize(
    ("lists", "found"), [("", ("press",)), ("lists: [events, press]\n", ("events", "press"))]
)
def test_a_segment_comes_with_its_rule_and_its_list_where_none_is_named(
    tmp_path: Path, lists: str, found: tuple[str, ...]
) -> None:
    write(tmp_path, "news.md", f"---\ntitle: A title\n{lists}segment: texas\n---\nA body.\n")
    reader = source(tmp_path, lists=("all",), segments=(TEXAS,))
    (statement,) = reader.read().statements
    assert (statement.segment, statement.lists) == (TEXAS, found)


def test_a_segment_is_refused_where_none_is_configured(tmp_path: Path) -> None:
    write(tmp_path, "news.md", "---\ntitle: A title\nsegment: texas\n---\nA body.\n")
    [fault] = source(tmp_path).read().faults
    assert fault.message == "'texas' is not a segment of newsletter.yaml; there are none"
