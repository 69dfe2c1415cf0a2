"""The documents agree with the code: each check names the gap, and where to fill it."""

import ast
import re
import socket
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import click
import pytest
import yaml

from newsletter.cli import main
from newsletter.cli.main import load_command
from newsletter.config.loading import load
from newsletter.domain.delivery.rate_limit import MAX_BLOCK, MAX_RESERVATION
from newsletter.domain.delivery.transactional import EmailLimits
from newsletter.domain.ports import Provider
from newsletter.domain.statements.review import SEVERITY_OF_CHECK, Check
from newsletter.providers import registry
from newsletter.providers.common import webhooks as signing
from newsletter.transport.http import MAX_RETRY_AFTER
from newsletter.web.http import forms
from newsletter.web.server import ConnectionLimits, connections_for
from tests.fakes import FixedClock
from tools.reference import commands, matrix, modules
from tools.reference import settings as configuration
from tools.reference.examples import closed_port

ROOT = Path(__file__).parents[1]
CODE = ROOT / "newsletter"
DOCS = ROOT / "docs"
BINARY = {".png", ".jpg", ".ico", ".gz", ".db", ".woff2"}


def tracked(pattern: str = "*") -> list[Path]:
    """The files of the repository, those not committed yet too."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", pattern]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip(f"not a git checkout: {listed.stderr.strip()}")
    files = [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    assert files, f"no file matches {pattern}"
    return files


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def documents() -> list[Path]:
    return [path for path in tracked("*.md") if not path.is_relative_to(ROOT / "tests")]


def prose(path: Path) -> str:
    """A document without its blocks of code, in which # is no heading and [x](y) no link."""
    return re.sub(r"(?ms)^```.*?^```$|^    .*?$", "", read(path))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_page_of_commands_is_not_stale() -> None:
    """Each command has an example. ``make docs`` runs them all and compares what they print."""
    page = read(DOCS / "commands.md")
    examples = dict(re.findall(r"(?ms)^```console\n\$ (.*?)\n(.*?)^```$", page))
    assert len(examples) > 60
    assert page == commands.document(examples), (
        "run: python -m tools.reference.commands > docs/commands.md"
    )


def test_the_page_of_settings_is_not_stale() -> None:
    assert read(DOCS / "configuration.md") == configuration.document(), (
        "run: python -m tools.reference.settings > docs/configuration.md"
    )


def test_the_tables_of_providers_are_not_stale() -> None:
    page = read(DOCS / "providers.md")
    assert page == matrix.renewed(page), "run: python -m tools.reference.matrix docs/providers.md"
    for kind in registry.OPTIONS:
        assert matrix.document().count(f"| `{kind}` |") == 2
    with pytest.raises(ValueError, match="lacks the two lines"):
        matrix.renewed(page.replace(matrix.END, ""))


def all_commands(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for word in context.command.list_commands(context):
            command = load_command(context.command.get_command(context, word))
            assert command is not None
            yield from all_commands(click.Context(command, info_name=word, parent=context))


SHARED_OPTIONS = ("--workspace", "--json", "--limit", "--all", "--by")
"""Options that the page's introduction explains, except where they are required."""


def test_every_command_and_every_option_is_documented() -> None:
    introduction = read(DOCS / "commands.md").partition("\n## ")[0]
    assert all(f"`{option}" in introduction for option in SHARED_OPTIONS)
    sections = dict(re.findall(r"(?ms)^## `(.+?)`\n(.*?)(?=^## |\Z)", read(DOCS / "commands.md")))
    for context in all_commands(click.Context(main.newsletter, info_name="newsletter")):
        section = sections[context.command_path]
        assert (context.command.help or "").splitlines()[0] in section
        for parameter in context.command.params:
            is_shared = parameter.opts[0] in SHARED_OPTIONS and not parameter.required
            if isinstance(parameter, click.Option) and not is_shared:
                assert f"`{parameter.opts[0]}" in section, (
                    f"{context.command_path} {parameter.opts}"
                )


def test_no_option_of_a_command_is_a_secret() -> None:
    secret = re.compile("password|secret|token|key|code")
    options = [
        (context.command_path, option)
        for context in all_commands(click.Context(main.newsletter, info_name="newsletter"))
        for parameter in context.command.params
        for option in (*parameter.opts, parameter.name or "")
    ]
    assert len(options) > 100
    assert [named for named in options if secret.search(named[1].lower())] == []


def test_every_command_that_a_document_shows_exists() -> None:
    root = click.Context(main.newsletter, info_name="newsletter")
    for path in documents():
        for shown in re.findall(
            r"(?m)(?:^    |`)newsletter ((?:[a-z]+(?:-[a-z]+)* ?)+)", read(path)
        ):
            first, second = [*shown.split(), ""][:2]
            command = load_command(main.newsletter.get_command(root, first))
            assert command is not None, f"{name(path)} shows 'newsletter {shown}'"
            if isinstance(command, click.Group) and second:
                assert second in command.commands, f"{name(path)} shows 'newsletter {shown}'"


def test_a_command_that_a_document_shows_in_full_has_what_it_demands() -> None:
    """With an operand or an option it is meant to be typed; alone, its name may be meant."""
    root = click.Context(main.newsletter, info_name="newsletter")
    seen = 0
    for path in set(documents()) - {DOCS / "commands.md"}:  # that lists options by themselves
        for shown in re.findall(r"`newsletter ([^`]+)`|(?m:^    newsletter (.+)$)", read(path)):
            words = " ".join(shown).split()
            command = load_command(main.newsletter.get_command(root, words.pop(0)))
            if isinstance(command, click.Group) and words:
                command = load_command(command.get_command(root, words.pop(0)))
            if command is None or not words:
                continue
            options = (each for each in command.params if isinstance(each, click.Option))
            demanded = {each.opts[0] for each in options if each.required}
            lacking = demanded - set(words)
            assert not lacking, (
                f"{name(path)} shows 'newsletter {' '.join(shown)}' without {lacking}"
            )
            seen += 1
    assert seen > 40


def test_every_exit_code_is_documented() -> None:
    listed = main.newsletter.help or ""
    codes = dict(re.findall(r"(\d+) ([^·\n]+?)\s*(?:·|$)", listed.replace("\n", " ")))
    constants = {main.EXIT_INTERRUPTED, *range(main.EXIT_UNREACHABLE + 1)}
    assert {int(code) for code in codes} == constants
    for code, meaning in codes.items():
        row = f"| {code} | {meaning} |"
        assert row in read(DOCS / "operations.md"), f"docs/operations.md lacks {row}"


def test_every_kind_of_provider_is_documented() -> None:
    for kind in registry.OPTIONS:
        assert f"### `kind: {kind}`" in read(DOCS / "configuration.md")
        assert kind in read(ROOT / "README.md").lower(), f"README.md does not name {kind}"


def test_the_grid_is_not_stale() -> None:
    page = read(DOCS / "architecture.md")
    assert page == modules.renewed(page, ROOT), (
        "run: python -m tools.reference.modules docs/architecture.md"
    )


def test_each_walk_counts_the_files_that_it_names() -> None:
    walks = read(DOCS / "architecture.md").partition("\n## Three walks\n")[2].partition("\n## ")[0]
    told = re.findall(r"(?ms)^\*\*[^*]+\*\*: (\d+) files\.(.*?)^$", walks)
    assert len(told) == 3
    for count, walk in told:
        assert len(set(re.findall(r"`[\w/]+\.py`", walk))) == int(count), walk


def test_every_module_says_in_its_first_line_what_it_is() -> None:
    assert [module.name for module in modules.read(ROOT) if len(module.about) < 5] == []


def shared_classes() -> Iterator[ast.ClassDef]:
    """The public classes of the domain."""
    for path in sorted((CODE / "domain").rglob("*.py")):
        for node in ast.parse(read(path)).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node


def kept_classes() -> set[str]:
    """The fields of a transaction: the repositories of the store."""
    return {
        node.name
        for path in (CODE / "store").rglob("*.py")
        for node in ast.parse(read(path)).body
        if isinstance(node, ast.ClassDef)
    }


def is_enum(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id.endswith("Enum") for base in node.bases)


def test_every_shared_class_says_what_it_is_and_every_member_of_an_enum_what_it_means() -> None:
    classes = list(shared_classes())
    assert len(classes) > 50
    assert [node.name for node in classes if not ast.get_docstring(node)] == []
    for node in filter(is_enum, classes):
        assert list(members(node))


def test_the_glossary_is_short_and_names_only_what_there_is() -> None:
    page = read(DOCS / "glossary.md")
    rows = re.findall(r"(?m)^\| \*\*(.+?)\*\* \| (.+?) \| (.+?) \|$", page)
    terms = [term for term, _, _ in rows]
    assert 30 < len(terms) <= 60, (
        "a glossary that has to be learnt is a defect: use the field's words"
    )
    assert len(terms) == len(set(terms))
    known = {node.name for node in shared_classes()} | kept_classes()
    assert {code for *_, codes in rows for code in re.findall(r"`(\w+)`", codes)} - known == set()


def test_every_term_of_the_glossary_is_in_use() -> None:
    terms = re.findall(r"(?m)^\| \*\*(.+?)\*\* \|", read(DOCS / "glossary.md"))
    used = " ".join(
        read(path).lower()
        for path in documents()
        if path.name not in {"glossary.md", "CHANGELOG.md"}
    )
    used = " ".join((used + " ".join(map(read, CODE.rglob("*.py"))).lower()).split())
    missing = [term for term in terms if not re.search(rf"\b{term}(s|es)?\b", used)]
    assert not missing, f"nobody uses {', '.join(missing)}: docs/glossary.md can do without"


def members(node: ast.ClassDef) -> Iterator[str]:
    """Return a row of a table for each member; raise for one without a sentence."""
    for place, statement in enumerate(node.body):
        if isinstance(statement, ast.Assign):
            value, sentence = ast.unparse(statement.value).strip("'"), node.body[place + 1]
            assert isinstance(sentence, ast.Expr), f"{node.name}.{value} has no sentence"
            yield f"| `{value}` | {' '.join(ast.literal_eval(sentence.value).split())} |"


def test_what_holds_every_mail_are_tests_that_exist() -> None:
    page = read(DOCS / "rendering.md").partition("## What every mail is held to")[2]
    named = re.findall(r"`(test_\w+)`", page.partition("\n## ")[0])
    assert len(named) > 40
    sources = "".join(read(path) for path in sorted((ROOT / "tests").rglob("test_*.py")))
    assert [name for name in named if f"def {name}(" not in sources] == []


def test_the_officer_is_told_of_every_check_with_its_grade() -> None:
    [checks] = [node for node in shared_classes() if node.name == "Check"]
    expected = [
        row.replace(" | ", f" | {SEVERITY_OF_CHECK[check].value} | ", 1)
        for row, check in zip(members(checks), Check, strict=True)
    ]
    page = read(DOCS / "officer.md")
    assert (
        re.findall(r"(?m)^\| `[a-z-]+` \| (?:blocking|warning|advice) \| .+\|$", page) == expected
    )


def test_every_dependency_has_its_sentence() -> None:
    project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    record = read(DOCS / "decisions" / "0006-dependencies.md")
    listed = re.findall(r"(?m)^\| ([a-z0-9-]+) \|", record)
    needed = [re.split(r"[\[><=]", line)[0] for line in project["dependencies"]]
    assert [one for one in listed if one != "dependency"] == needed
    for extra in project["optional-dependencies"].values():
        for line in extra:
            package = re.split(r"[\[><=]", line)[0].removeprefix("types-")
            assert package in record.lower(), f"docs/decisions/0006-dependencies.md lacks {package}"


def test_every_decision_is_in_the_index() -> None:
    files = {path.name for path in (DOCS / "decisions").glob("[0-9]*.md")}
    index = read(DOCS / "decisions" / "README.md")
    assert set(re.findall(r"\((\d{4}-[\w-]+\.md)\)", index)) == files


PROMISES = ROOT / "tests" / "promises.yaml"
EXPLAINS = "says"
"""The entry of a sentence that explains or advises, and claims nothing."""


def sentences(text: str) -> Iterator[str]:
    """The sentences and the rows of a section, without its blocks of code."""
    text = re.sub(r"(?ms)^ *```.*?^ *```$|^    .*?$|^#.*?$|^\|[^\n]*\n\|[-|]+\|$", "", text)
    for block in re.split(r"\n\s*\n|\n(?=\| |- |\d+\. )", text):
        whole = re.sub(r"^(?:-|\d+\.) ", "", " ".join(block.split()))
        if whole.startswith("|"):
            yield whole
        elif whole:
            yield from re.split(r"(?:(?<=[.!?])|(?<=[.!?]\))) (?=[A-Z`(*])", whole)


def test_each_sentence_that_promises_something_names_the_tests_that_hold_it() -> None:
    """A new or changed one fails here until somebody finds or writes the test for it."""
    promises = yaml.safe_load(read(PROMISES))
    for document, titles in promises.items():
        sections = dict(re.findall(r"(?ms)^## (.+?)\n(.*?)(?=^## |\Z)", read(ROOT / document)))
        for title, held in titles.items():
            said = list(sentences(sections[title]))
            where = f"{PROMISES.name} and {document}, {title}:"
            assert [one for one in said if one not in held] == [], f"{where} no test is named"
            assert [one for one in held if one not in said] == [], f"{where} nobody says so"


def test_each_test_that_holds_a_sentence_exists() -> None:
    promises = yaml.safe_load(read(PROMISES))
    there = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"(?m)^ *def test_(\w+)\(", read(path))
    }
    named = {
        name
        for titles in promises.values()
        for held in titles.values()
        for tests in held.values()
        for name in tests.split()
    }
    assert len(named) > 100
    assert named - there - {EXPLAINS} == set(), f"{PROMISES.name} names tests that there are not"


def built(kind: str) -> Provider:
    options = registry.OPTIONS[kind].model_validate({"kind": kind, "api_key": "made-up"})
    return registry.build(options, workspace=ROOT, clock=FixedClock())


def test_the_limits_that_operations_tells_are_those_of_the_code() -> None:
    pages = ("install", "operations", "pages")
    page = " ".join(" ".join(read(DOCS / f"{name}.md") for name in pages).split())
    emails, bounds = EmailLimits(), ConnectionLimits(connections=1)
    told = [
        f"{emails.max_per_day} in 24 hours, {emails.max_per_month} in 30 days |",
        f"in an hour | {emails.max_per_network}; then the page says so, with 429 |",
        f"waiting emails | {emails.max_waiting:,}; further requests are dropped",
        f"bytes of a form | {forms.MAX_FORM_BYTES:,} |",
        f"A head has {bounds.head} seconds, a body {bounds.body}, an answer {bounds.answer}, an"
        f" idle connection {bounds.idle}.",
        f"up to half of the files, {connections_for(1 << 20):,} at the most,",
    ]
    assert [one for one in told if one not in page] == []
    assert timedelta(hours=1) == MAX_RESERVATION == MAX_RETRY_AFTER
    assert timedelta(days=1) == MAX_BLOCK
    lives = {kind: built(kind).capabilities.key_lifetime for kind in ("resend", "brevo")}
    assert lives == {"resend": timedelta(hours=24), "brevo": timedelta(minutes=15)}
    assert "(Resend for 24 hours, Brevo for 15 minutes)" in page
    assert "Retry-After; an hour at the most" in page
    assert "longer than an hour for the rate, or a day for the provider" in page


def anchors(path: Path) -> set[str]:
    """The fragments that headings of a Markdown file can be linked by."""
    kept = (
        re.sub(r"[^\w\- ]", "", title.lower()) for title in re.findall(r"(?m)^#+ (.+)$", read(path))
    )
    return {title.replace(" ", "-") for title in kept}


def test_no_link_between_documents_is_broken() -> None:
    broken = []
    for path in documents():
        for target in re.findall(r"\]\((?!https?:|mailto:|tel:)([^)\s]+)\)", prose(path)):
            file, _, fragment = target.partition("#")
            linked = (path.parent / file).resolve() if file else path
            if not linked.is_file() or (fragment and fragment not in anchors(linked)):
                broken.append(f"{name(path)}: {target}")
    assert not broken, "\n".join(broken)


def test_no_document_names_a_path_that_does_not_exist() -> None:
    begins = r"`((?:newsletter|tests|docs|templates|bench|\.ci)/[\w./-]*)`"
    ends = r"`([\w.-]+\.(?:md|toml|lock|example\.yaml))`"
    missing = [
        f"{name(path)}: {named}"
        for path in documents()
        for named in re.findall(f"{begins}|{ends}", read(path))
        for named in named
        if named and not (ROOT / named).exists() and not (path.parent / named).exists()
    ]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a registry's host", r"(?:pypi|pythonhosted)\.org|npmjs\.(?:org|com)|deb\.debian"),
        ("a question about a provider that nobody answered", r"LOOK UP[:] "),
        ("a path of one machine", r"(?<![\w./-])/(?:work|root|home|farm|tmp/w)/"),
    ],
)
def test_no_file_names(what: str, pattern: str) -> None:
    found = [
        f"{name(path)}:{number}: {line.strip()[:80]}"
        for path in tracked()
        if path.suffix not in BINARY and re.search(pattern, read(path))
        for number, line in enumerate(read(path).splitlines(), start=1)
        if re.search(pattern, line)
    ]
    assert not found, f"{what}:\n" + "\n".join(found)


def test_the_code_uses_no_word_that_the_glossary_rules_out() -> None:
    ruled_out = re.compile(r"(?i)(?<![a-z.])(?:manager|helper|utils|blacklist)|job")
    theirs = re.compile(
        r"EVENT_JOB_ERROR|JobExecutionEvent|\badd_job\b|\bjob_defaults\b|\bget_jobs\b"
        r"|procrastinate.jobs|job_manager|\bget_stalled_jobs\b|\bfinish_job\b|\bdelete_jobs?\b"
        r"|\bfetch_job_polling_interval\b|\bjob\b(?=,| in )"
    )
    found = []
    for path in sorted(CODE.rglob("*.py")):
        for number, line in enumerate(read(path).splitlines(), start=1):
            ours = theirs.sub("", line) if path.name in {"scheduler.py", "wakeups.py"} else line
            if ruled_out.search(ours):
                found.append(f"{name(path)}:{number}: {line.strip()}")
    assert not found, "\n".join(found)


def test_the_table_of_webhooks_says_how_long_a_signature_is_good_for() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]+ \| ([\d hmins]+|–) \| [^|]+ \|$",
        read(ROOT / "docs/providers.md"),
        re.MULTILINE,
    )
    assert {kind for kind, _ in rows} == {
        kind for kind, parts in registry.KINDS.items() if parts.events
    }
    units = {"h": 3600, "min": 60, "s": 1}
    for kind, said in rows:
        module = import_module(f"newsletter.providers.{kind}.events")
        retries = getattr(module, "RETRY_PERIOD", None)
        means = (
            min(retries + signing.MAX_CLOCK_DIFFERENCE, signing.MAX_AGE).total_seconds()
            if retries is not None
            else 0
        )
        parts = re.findall(r"(\d+) (h|min|s)\b", said)
        assert sum(int(number) * units[unit] for number, unit in parts) == means, kind


def test_the_described_providers_of_the_page_can_be_loaded(tmp_path: Path) -> None:
    blocks = re.findall(
        r"(?ms)^```yaml\n(provider:\n  kind: http\n.*?)^```", read(DOCS / "providers.md")
    )
    assert len(blocks) == 2
    least = re.sub(r"(?ms)^provider:.*?^(?=\w)", "", read(ROOT / "newsletter.example.yaml"))
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "gateway.password").write_text("made-up")
    environment = {"SCALEWAY_SECRET_KEY": "made-up", "SCALEWAY_PROJECT_ID": "made-up"}
    for block in blocks:
        (tmp_path / "newsletter.yaml").write_text(f"{least}\n{block}", "utf-8")
        options = load(tmp_path / "newsletter.yaml", environment).provider
        assert registry.build(options, workspace=tmp_path, clock=FixedClock()).name == "http"


def test_the_examples_ask_a_port_on_which_nothing_can_listen() -> None:
    with closed_port() as port, socket.socket() as other:
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", int(port)))
        with pytest.raises(ConnectionRefusedError):
            other.connect(("127.0.0.1", int(port)))
