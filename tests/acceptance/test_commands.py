"""Every command: what it prints, its exit code, and what it says when it cannot."""

import email
import email.policy
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pytest

from newsletter import __version__
from newsletter.cli.main import load_command
from newsletter.cli.main import newsletter as program
from tests.acceptance.workspace import EDITOR, WRITER, Workspace, readers, shell, wait_until
from tests.provider_servers.questions import QuestionServer
from tests.unit.documents.word_files import docx, paragraph, picture, run


def commands(group: Any = program, *path: str) -> list[tuple[str, ...]]:
    """All commands there are, as one types them."""
    if not hasattr(group, "commands"):
        return [path]
    inner = [
        one
        for name, sub in group.commands.items()
        for one in commands(load_command(sub), *path, name)
    ]
    return [path, *inner]


def test_every_command_explains_itself(bare: Workspace) -> None:
    assert len(commands()) >= 45
    for command in commands():
        shown = bare.do(*command, "--help").stdout
        assert "Usage: " in shown
        cut_off = re.findall(r"^  .*\.\.\.$", shown, re.MULTILINE)
        assert not cut_off, "shorten the first line of their docstrings"


def test_the_version_is_told_to_a_shell(tmp_path: Path) -> None:
    done = shell("--version", folder=tmp_path)
    assert (done.code, done.stdout) == (0, f"newsletter, version {__version__}\n")


@pytest.mark.parametrize(
    ("command", "code"), [("export >&-", 0), ("receive-email <&-", 3), ("forget a@x.org <&-", 4)]
)
def test_a_closed_stream_is_no_fault_of_the_program(
    bare: Workspace, command: str, code: int
) -> None:
    line = f'exec "$0" -m newsletter subscribers {command} 2>told'
    done = subprocess.run(["sh", "-c", line, sys.executable], cwd=bare.folder, check=False)
    assert done.returncode == code, (bare.folder / "told").read_text()


@pytest.mark.parametrize("command", ["config show", "subscribers export"])
def test_what_a_full_disk_does_not_take_is_named(bare: Workspace, command: str) -> None:
    line = f'exec "$0" -m newsletter {command} >/dev/full 2>told'
    done = subprocess.run(["sh", "-c", line, sys.executable], cwd=bare.folder, check=False)
    said = (bare.folder / "told").read_text()
    assert said.startswith("newsletter: standard output: No space left on device; check"), said
    assert done.returncode == 1


@pytest.mark.parametrize("command", [(), ("frobnicate",), ("report",), ("send", "news")])
def test_what_is_typed_wrong_is_a_matter_of_usage(bare: Workspace, command: tuple[str]) -> None:
    assert "Usage: " in bare.do(*command, code=2).stderr


def test_a_word_that_is_no_text_is_refused_before_anything_is_done(bare: Workspace) -> None:
    said = bare.do("subscribers", "import", "caf\udce9.csv", code=2).stderr
    assert r"'caf\udce9.csv' is not UTF-8; correct it, or rename the file" in said


def test_an_option_of_all_commands_behind_one_is_told_its_place(bare: Workspace) -> None:
    said = bare.do("run", "--log", "json", code=2).stderr
    assert "--log stands before the command: newsletter --log … COMMAND" in said


def test_a_title_with_brackets_and_colons_is_listed_as_it_is(workspace: Workspace) -> None:
    title = "[Update] :smile: on [/the] budget"
    workspace.write("news", title=title)
    assert title in workspace.do("statement", "list").stdout


def test_whoever_is_interrupted_while_it_waits_for_an_email_ends_with_130(bare: Workspace) -> None:
    pipe = bare.folder / "arriving.eml"
    os.mkfifo(pipe)
    waiting = bare.start("subscribers", "receive-email", str(pipe))
    with wait_until(lambda: listened_to(pipe), describe=waiting.said):
        waiting.stop(signal.SIGINT)
        assert waiting.finish().code == 130


def listened_to(pipe: Path) -> IO[bytes] | None:
    """The end of the pipe that is written to, once somebody has opened the other."""
    with suppress(OSError):  # as long as nobody has
        return os.fdopen(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK), "wb")
    return None


LOOKS = [
    ("report", "news"),
    ("campaign", "list"),
    ("statement", "list"),
    ("statement", "check"),
    ("subscribers", "show", "reader00001@example.org"),
    ("user", "list"),
    ("audit", "verify"),
    ("run", "--until-idle"),
    ("send", "news", "--dry-run"),
    ("db", "migrate"),
]


@pytest.mark.parametrize("command", LOOKS, ids=" ".join)
def test_trouble_with_the_workspace_is_told_in_words(
    workspace: Workspace, command: tuple[str, ...]
) -> None:
    def says(code: int, *words: str) -> None:
        stderr = workspace.do(*command, code=code).stderr
        assert stderr.startswith("newsletter: ")
        assert "fault of the program" not in stderr
        assert all(word in stderr for word in words), stderr

    config = workspace.folder / "newsletter.yaml"
    good = config.read_bytes()
    for text, words in (
        (b"organisation: [", ("newsletter.yaml:1:", "YAML")),
        (b"sender: \xff\xfe\xff", ("newsletter.yaml", "UTF-8")),
        (good + b"colour: blue\n", ("colour", "is not a key here")),
        (b"", ("newsletter.yaml",)),
    ):
        config.write_bytes(text)
        says(3, *words)
    config.unlink()
    says(3, "newsletter init")
    config.write_bytes(good)

    workspace.sql("UPDATE schema_version SET version = 9999")
    says(1, "9999", "newer")
    workspace.sql("DROP TABLE schema_version")
    says(1, "newsletter.db", "before its first release", "subscribers export")
    workspace.database.write_bytes(b"this is no database at all\n" * 100)
    says(1, "newsletter.db", "database")


def test_a_workspace_may_be_named_before_or_after_the_command(workspace: Workspace) -> None:
    elsewhere = Workspace(folder=workspace.folder.parent)
    folder = str(workspace.folder)
    assert elsewhere.do("--workspace", folder, "user", "list").stdout == (
        elsewhere.do("user", "list", "--workspace", folder).stdout
    )
    assert "nowhere" in elsewhere.do("user", "list", "--workspace", "nowhere", code=3).stderr
    inside = Workspace(folder=workspace.folder / "statements")
    assert EDITOR in inside.do("user", "list").stdout


def test_init_never_overwrites(bare: Workspace, tmp_path: Path) -> None:
    path = bare.write("news")
    settings = (bare.folder / "newsletter.yaml").read_bytes()
    refused = bare.do("init", code=4)
    assert "newsletter.yaml, subscribers.yaml, newsletter.schema.json exist already" in (
        refused.stderr
    )
    assert (bare.folder / "newsletter.yaml").read_bytes() == settings
    assert path.exists()
    assert not (bare.folder / "statements" / "example.md").exists()
    (tmp_path / "file").write_text("x")
    bare.do("init", str(tmp_path / "file" / "inside"), code=1)


def test_variables_give_a_fresh_workspace_its_settings(tmp_path: Path) -> None:
    name, phone = 'Café "Ours": # 1', "+12025550100"
    given = {
        "PUBLIC_URL": "https://news.ours.example",
        "ORGANISATION_NAME": name,
        "ORGANISATION_PRESS_CONTACT_PHONE": phone,
        "DESK_TYPED_COUNT": "500",
    }
    environment = {f"NEWSLETTER_{key}": value for key, value in given.items()}
    fresh = Workspace(folder=tmp_path, environment=environment)
    fresh.do("init")
    shown = fresh.do("config", "show", "--json").json()
    assert shown["public_url"] == given["PUBLIC_URL"]
    assert (shown["organisation"]["name"], shown["sender"]["name"]) == (name, "Example Forum")
    assert shown["organisation"]["press_contact"]["phone"] == phone
    assert shown["desk"]["typed_count"] == 500


def test_a_fresh_workspace_is_valid_and_its_example_can_be_rendered(tmp_path: Path) -> None:
    outside = Workspace(folder=tmp_path)
    made = outside.do("init", "fresh").stdout.splitlines()
    assert made == [
        f"fresh/{name}"
        for name in (
            *("newsletter.yaml", "subscribers.yaml", "statements/example.md"),
            "newsletter.schema.json",
        )
    ]
    first, *_ = (tmp_path / "fresh" / "newsletter.yaml").read_text().splitlines()
    assert first == "# yaml-language-server: $schema=./newsletter.schema.json"
    fresh = Workspace(folder=tmp_path / "fresh")
    assert "is valid" in fresh.do("config", "validate").stderr
    fresh.do("statement", "check")
    fresh.do("subscribers", "import", "subscribers.yaml")
    settings = fresh.do("config", "show", "--json").json()
    assert settings["schedule"]["start"] == "sender"
    assert settings["desk"]["second_factor"] == "approver"
    [example] = fresh.do("statement", "list", "--json").json()
    assert example["approval"] == "draft"
    assert json.loads((tmp_path / "fresh" / "newsletter.schema.json").read_text()) == (
        fresh.do("config", "schema").json()
    )


def test_a_demo_leaves_the_one_before_it_alone(tmp_path: Path) -> None:
    kept = tmp_path / "demo" / "var" / "example.html"
    kept.parent.mkdir(parents=True)
    kept.write_text("the one before it")
    said = Workspace(folder=tmp_path).do("demo").stdout
    assert "demo-2/var/example.html" in said
    assert (tmp_path / "demo-2" / "var" / "example.html").exists()
    assert kept.read_text() == "the one before it"


def test_doctor_says_what_to_mend(workspace: Workspace, tmp_path: Path) -> None:
    findings = workspace.do("doctor", "--json").json()
    keys = {"what", "level", "well", "detail", "advice"}
    assert all(finding.keys() == keys for finding in findings)
    assert all(finding["well"] for finding in findings), findings
    (workspace.folder / "statements" / "bad.md").write_text("---\ntitel: x\n---\nText.\n")
    assert "FIX   statements: statements/bad.md" in workspace.do("doctor", code=3).stdout
    empty = Workspace(folder=tmp_path / "empty")
    empty.folder.mkdir()
    assert "newsletter init" in empty.do("doctor", code=3).stdout


def test_doctor_asks_the_provider_and_mails_nobody(workspace: Workspace) -> None:
    state = {"domain": {"name": "forum.example", "state": "active"}}
    shown = ("authorization", "Basic YXBpOmtleS1mb3ItdGVzdHM=")
    with QuestionServer(shown=shown) as provider:
        provider.answers = {"/v4/domains/forum.example": (200, state)}
        workspace.use_mailgun(provider.url)
        assert "ok    sending domain: forum.example is active\n" in workspace.do("doctor").stdout
        state["domain"]["state"] = "unverified"
        said = workspace.do("doctor", code=3).stdout
        assert "FIX   sending domain: forum.example is in the account and not verified; " in said
        workspace.use_mailgun(provider.url, api_key="key-hush")
        said = workspace.do("doctor").stdout
        assert "CHECK provider key: it is refused here" in said
        assert "hush" not in said
    findings = workspace.do("doctor", "--json", code=6).json()
    faults = [finding for finding in findings if not finding["well"]]
    assert [(fault["what"], fault["level"]) for fault in faults] == [
        ("provider connection", "fault")
    ]
    assert "cannot be reached" in faults[0]["detail"]


def test_doctor_asks_the_second_provider_too(workspace: Workspace) -> None:
    with QuestionServer(shown=("x-postmark-server-token", "token")) as second:
        second.answers = {"/server": (401, {"ErrorCode": 10, "Message": "Bad token."})}
        token = {"kind": "postmark", "server_token": "another", "base_url": second.url}
        workspace.configure(fallback_provider=token)
        said = workspace.do("doctor", code=3).stdout
    assert "provider: outbox: " in said
    assert "FIX   provider key: postmark: " in said


def test_doctor_names_a_key_that_no_call_can_carry(workspace: Workspace) -> None:
    workspace.configure(provider={"kind": "resend", "api_key": "ключ"})
    said = workspace.do("doctor", code=3).stdout
    assert "FIX   provider: newsletter.yaml provider: " in said
    assert "ключ" not in said


def test_secrets_are_never_shown(workspace: Workspace) -> None:
    workspace.use_mailgun("http://127.0.0.1:9", api_key="${SECRET_KEY}")
    workspace.environment |= {"SECRET_KEY": "very-secret-indeed"}
    shown = workspace.do("config", "show").stdout + workspace.do("config", "show", "--json").stdout
    assert "very-secret-indeed" not in shown
    assert "provider.api_key: **********\n" in shown
    assert workspace.do("config", "show", "--json").json()["provider"]["domain"] == "forum.example"
    assert "very-secret-indeed" not in workspace.do("doctor", code=6).stdout


def test_a_statement_is_begun_listed_and_shown(workspace: Workspace) -> None:
    path = workspace.do("statement", "new", "On the new hours", "--author", WRITER).stdout.strip()
    assert path.endswith("statements/on-the-new-hours.md")
    assert "exists already" in workspace.do("statement", "new", "On the new hours", code=4).stderr

    [row] = workspace.do("statement", "list", "--json").json()
    keys = {"slug", "title", "approval", "campaign", "digest", "approved_by", "reasons", "lists"}
    assert row.keys() >= keys
    assert row["approval"] == "draft"
    workspace.do("statement", "submit", row["slug"])
    [row] = workspace.do("statement", "list", "--json").json()
    assert row["approval"] == "waits for approval"
    shown = workspace.do("statement", "show", row["slug"])
    assert "it has 0 of 1 approvals" in shown.stdout
    assert "Waiting for 1 approval" in shown.stdout
    assert "status:" not in shown.stdout, "of its file, where its state says more"
    told = workspace.do("statement", "show", row["slug"], "--json").json()
    assert told.items() >= row.items()
    assert (told["state"], told["next"]) == ("in review", "Editor can approve it.")
    for command in ("show", "check", "diff"):
        assert "no statement 'none'" in workspace.do("statement", command, "none", code=1).stderr
    assert "no statement 'none'" in workspace.approve("none", code=1).stderr
    assert "no one has approved" in workspace.do("statement", "diff", row["slug"], code=1).stderr


def test_a_sent_statement_whose_file_is_gone_is_still_listed_and_shown(
    workspace: Workspace,
) -> None:
    path = workspace.write("news")
    workspace.approve("news")
    workspace.do("run", "--until-idle")
    path.unlink()
    [row] = workspace.do("statement", "list", "--json").json()
    told = workspace.do("statement", "show", "news", "--json").json()
    assert told.items() >= row.items()
    assert row["campaign"] == "1 sent"


def test_a_word_file_and_a_web_page_become_statements_that_can_be_checked(
    workspace: Workspace, tmp_path: Path
) -> None:
    text = "The Example Forum left the council today after two years of work on fair housing."
    word = tmp_path / "word.docx"
    word.write_bytes(
        docx(
            paragraph(run("Forum Leaves"), style="Title"), paragraph(run(text), picture("A photo"))
        )
    )
    page = tmp_path / "page.html"
    page.write_text(
        f"<nav>Menu</nav><article><h1>Forum Stays</h1><p>May 3, 2024</p><p>{text}</p></article>"
    )

    [row] = workspace.do("statement", "import", str(word), "--json").json()
    said = workspace.do("statement", "import", str(page)).stderr

    assert (row["slug"], row["title"], row["date"]) == ("forum-leaves", "Forum Leaves", None)
    assert [(one["line"], one["text"]) for one in row["dropped"]] == [(0, "A photo")]
    assert "left out: Menu (navigation)" in said
    for slug in ("forum-leaves", "forum-stays"):
        workspace.do("statement", "check", slug)
        assert text in (workspace.folder / "statements" / f"{slug}.md").read_text()
    assert "exists already" in workspace.do("statement", "import", str(word), code=4).stderr


def test_an_imported_embargo_blocks_until_its_end_is_set_or_a_person_waives_it(
    workspace: Workspace, tmp_path: Path
) -> None:
    words = "Embargoed until 10:00 GMT on 5 June 2030"
    text = "The Example Forum left the council today after two years of work on fair housing."
    release = tmp_path / "release.txt"
    release.write_text(f"{words}\n\nForum Leaves the Council\n\nMay 3, 2030\n\n{text}\n")

    [row] = workspace.do("statement", "import", str(release), "--json").json()
    written = (workspace.folder / "statements" / f"{row['slug']}.md").read_text()

    assert (row["title"], row["embargo"]) == ("Forum Leaves the Council", words)
    assert f"embargo: {words}\n# embargo_until: 2030-06-05 10:00+00:00\n" in written
    approve = ("statement", "approve", row["slug"], "--by", "editor@forum.example")
    assert "open-embargo" in workspace.do("statement", "check", row["slug"], code=3).stderr
    assert "--no-embargo" in workspace.do(*approve, code=4).stderr
    given = workspace.do(*approve, "--no-embargo", "--json").json()
    assert (given["approved"], given["warnings"]) == (True, ["open-embargo"])


def test_a_dry_run_says_who_would_get_it_and_who_not_and_why(workspace: Workspace) -> None:
    workspace.subscribe(["away@example.org"], "supporters")
    workspace.do("subscribers", "suppress", "reader00002@example.org")
    workspace.write("news")

    dry = workspace.do("send", "news", "--dry-run", "--json").json()

    assert dry["audience"] == len(dry["addresses"]) == 9
    assert "reader00002@example.org" not in dry["addresses"]
    assert dry["excluded"] == [{"address": "reader00002@example.org", "reason": "manual"}]
    assert dry["approved"] is False
    words = workspace.do("send", "news", "--dry-run").stdout
    assert "news would go to 9 readers of press" in words
    assert "reader00002@example.org: manual" in words
    assert "it has 0 of 1 approvals" in words
    assert workspace.outbox == []
    workspace.do("send", "none", "--dry-run", code=1)


def test_a_test_mail_is_marked_and_counts_for_nothing(workspace: Workspace) -> None:
    workspace.write("news")
    workspace.do("send", "news", "--to", "me@forum.example")
    [path] = workspace.outbox
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert (mail["To"], mail["Subject"]) == ("me@forum.example", "[Test] On news")
    assert workspace.do("campaign", "list", "--json").json() == []
    workspace.do("subscribers", "suppress", "me@forum.example")
    refused = workspace.do("send", "news", "--to", "me@forum.example", code=4)
    assert "suppressed" in refused.stderr
    workspace.do("send", "news", "--to", "nobody", code=4)


def test_a_preview_is_written_for_a_made_up_reader_and_for_a_real_one(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.write("news", "A **bold** word.")
    for extra, to in ((), "reader@example.org"), (("--as", readers(1)[0]), readers(1)[0]):
        out = tmp_path / f"preview-{len(extra)}"
        workspace.do("preview", "news", "--out", str(out), *extra)
        assert "<strong" in (out / "message.html").read_text()
        assert "bold" in (out / "message.txt").read_text()
        mail = email.message_from_bytes(
            (out / "message.eml").read_bytes(), policy=email.policy.default
        )
        assert mail["To"] == to
        assert "NLMERGE" not in mail.as_string()
    stranger = ("--as", "stranger@example.org")
    refused = workspace.do("preview", "news", "--out", str(tmp_path / "no"), *stranger, code=1)
    assert "stranger@example.org is not a subscriber" in refused.stderr
    (tmp_path / "file").write_text("x")
    inside = str(tmp_path / "file" / "inside")
    refused = workspace.do("preview", "news", "--out", inside, code=1)
    assert "Not a directory" in refused.stderr
    assert "fault of the program" not in refused.stderr
