"""The meaning of each answer of each provider, in each phase of a call: every cell of every table.

The tables are in ``tests/answers``, one file a kind, with the answers of that kind alone; those
that any provider may give are in ``common.yaml``. A cell is the letter of the verdict, then the
seconds to wait if the answer names them, and after commas the exceptions: ``A,2=J`` accepts all
but the second, who is rejected. ``-`` is for what a kind cannot be asked.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from newsletter.domain.delivery.batch import Answer, OutgoingBatch, Verdict
from newsletter.providers.common.calls import HttpProvider
from newsletter.providers.registry import OPTIONS
from tests.contracts.provider import batch
from tests.provider_servers.kinds import KINDS, made
from tests.servers import (
    LoopbackServer,
    Received,
    Step,
    answer_bytes,
    bytes_then_close,
    bytes_then_silence,
    closed_port,
    deaf_port,
    reply,
    trickle,
)

TABLES = Path(__file__).parents[1] / "answers"
LETTERS = {
    Verdict.ACCEPTED: "A",
    Verdict.REJECTED: "J",
    Verdict.RETRY: "R",
    Verdict.QUOTA: "Q",
    Verdict.CONFIGURATION: "C",
    Verdict.SPLIT: "S",
    Verdict.UNKNOWN: "?",
}
SEVERAL = ("ana@a.example", "ben@b.example", "cy@c.example")
LARGE = "x" * 3_000_000
"""A body that no socket buffers on the way to somebody who does not read."""
CELL = re.compile(rb"cell([0-9]{4})x")
PATIENCE = 60.0
IMPATIENCE = 1.5

Cells = dict[tuple[str, str], str]
"""(answer, phase) → the cell."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer."""

    status: int
    body: str
    headers: Mapping[str, str]

    @property
    def whole(self) -> bytes:
        return answer_bytes(self.status, self.body.encode(), self.headers)

    @property
    def open(self) -> bytes:
        """With more promised than comes."""
        length = {"Content-Length": str(len(self.body.encode()) + 10)}
        return answer_bytes(self.status, self.body.encode(), {**self.headers, **length})


WHOLE: dict[str, Callable[[Said], Step]] = dict.fromkeys(
    ("several", "alone"), lambda said: reply(said.status, said.body, said.headers, takes=True)
)
CUT: dict[str, Callable[[Said], Step]] = {
    "head": lambda said: bytes_then_close(
        said.whole[: said.whole.index(b"Content-Length") + 9], takes=True
    ),
    "closed": lambda said: bytes_then_close(said.open, takes=True),
    "reset": lambda said: bytes_then_close(said.open, reset=True, takes=True),
    "silent": lambda said: bytes_then_silence(said.open, takes=True),
    "dripping": lambda said: trickle(said.whole),
}
SLOW = {"silent", "dripping"}
NO_ANSWER: dict[str, Step] = {
    "reset while it is sent": bytes_then_close(b"", reset=True, read_body=False),
    "stalled while it is sent": bytes_then_silence(read_body=False),
    "closed before it answers": bytes_then_close(b"", takes=True),
    "reset before it answers": bytes_then_close(b"", reset=True, takes=True),
    "silent after it was taken": bytes_then_silence(takes=True),
}
NOBODY: dict[str, str] = {
    "refused": f"http://127.0.0.1:{closed_port()}",
    "name not found": "http://[::1%25nosuchinterface]:9",
    "deaf port": "http://127.0.0.1:{deaf}",
    "no TLS there": "https://127.0.0.1:{plain}",
}


@dataclass
class ScriptedServer(LoopbackServer):
    """Treats each call as scripted for the number in its reader's link."""

    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def usual(self, received: Received) -> Step:
        return self.steps[int(CELL.findall(received.body)[0])]


@cache
def load(name: str) -> Any:
    return yaml.safe_load((TABLES / f"{name}.yaml").read_text("utf-8"))


def answers(kind: str) -> dict[str, dict[str, Any]]:
    common: dict[str, dict[str, Any]] = load("common")
    own: dict[str, dict[str, Any]] = load(kind)["answers"]
    assert not common.keys() & own.keys()
    return {**common, **own}


def said(kind: str, name: str, count: int) -> Said:
    """An answer, as it comes to a call for so many readers."""
    about = answers(kind)[name]
    source = answers(kind)["good"] if about.get("good") else about
    body = source.get("body", source.get("alone" if count == 1 else "several", ""))
    headers = {**source.get("headers", {}), **about.get("headers", {})}
    status = about["status"]
    return Said(status=status, body=body * about.get("repeat", 1), headers=headers)


@cache
def table(kind: str) -> Cells:
    """Every cell of a table. Each row has one for each phase that its table names."""
    found: Cells = {}
    phases: list[str] = []
    for line in load(kind)["verdicts"].splitlines():
        name, _, cells = line.partition("|")
        if name.strip() == "answer":
            phases = cells.split()
        elif name.strip():
            rows = dict(zip(phases, cells.split(), strict=True))
            assert not any((name.strip(), phase) in found for phase in rows), name
            found |= {(name.strip(), phase): cell for phase, cell in rows.items()}
    return found


def due(kind: str) -> set[tuple[str, str]]:
    """The cells that there must be."""
    after = {(name, phase) for name in answers(kind) for phase in (*WHOLE, *CUT)}
    return after | {(name, phase) for name in (*NOBODY, *NO_ANSWER) for phase in WHOLE}


def test_every_kind_that_speaks_http_has_a_table_and_each_table_all_its_cells() -> None:
    assert set(KINDS) == set(OPTIONS) - {"outbox"}
    assert {path.stem for path in TABLES.glob("*.yaml")} == {*KINDS, "common"}
    for kind in KINDS:
        cells = table(kind)
        assert set(cells) == due(kind), kind
        with made(kind, "http://127.0.0.1:9") as provider:
            single = provider.capabilities.max_recipients == 1
        for (name, phase), cell in cells.items():
            assert (cell == "-") == (single and phase == "several"), (kind, name)


def test_whatever_is_cut_off_is_unknown_in_every_table() -> None:
    """A mistake in a table would be one in the rule: nothing is sent again on a guess."""
    for kind in KINDS:
        cut = {cell for (_, phase), cell in table(kind).items() if phase in CUT}
        assert cut == {"?"}, kind


def numbered(number: int, count: int, **changes: Any) -> OutgoingBatch:
    """A batch to so many readers, by whose links the server knows its number."""
    sent = batch(*SEVERAL[:count], **changes)
    readers = [
        reader._replace(unsubscribe=f"cell{number:04d}x{reader.unsubscribe}")
        for reader in sent.recipients
    ]
    return replace(sent, recipients=tuple(readers))


def cell(answer: Answer) -> str:
    def letter(verdict: Verdict) -> str:
        return LETTERS[verdict]

    wait = "" if answer.retry_after is None else f"{answer.retry_after.total_seconds():g}"
    differ = [f",{number}={letter(each.verdict)}" for number, each in answer.exceptions.items()]
    return f"{letter(answer.outcome.verdict)}{wait}{''.join(differ)}"


def hand_over(provider: HttpProvider, sent: OutgoingBatch, *, again: bool = False) -> str:
    """The verdict of a call, made ``again`` if none left in time: a machine may stand still."""
    prepared = provider.prepare(sent)
    for _ in range(9 if again else 1):
        answer = provider.send(prepared)
        if answer.outcome.verdict is not Verdict.RETRY:
            break
    assert bool(answer.outcome.provider_id) or answer.outcome.verdict is not Verdict.ACCEPTED
    assert answer.outcome.reason or answer.outcome.verdict is Verdict.ACCEPTED
    return cell(answer)


def readers_in(kind: str, phase: str) -> int:
    """Return the number of readers of a call in this phase; 0 if there is no such call."""
    single = table(kind)["good", "several"] == "-"
    if phase == "several":
        return 0 if single else len(SEVERAL)
    return 1 if single or phase == "alone" else len(SEVERAL)


def expected(kind: str, names: Iterable[str], phase: str) -> dict[str, str]:
    return {name: table(kind)[name, phase] for name in names}


@pytest.mark.parametrize("kind", KINDS)
def test_each_answer_has_its_verdict(kind: str) -> None:
    for phase in WHOLE:
        check_phase(kind, list(answers(kind)), phase)


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_that_is_cut_off_is_unknown_in_each_phase(kind: str) -> None:
    """The good one, one that asks to wait, and one that would refuse."""
    for phase in CUT:
        check_phase(kind, ["good", "429 for 30 seconds", "400"], phase)


@pytest.mark.faults
@pytest.mark.parametrize("phase", CUT)
@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_that_is_cut_off_is_unknown_in_each_phase(kind: str, phase: str) -> None:
    check_phase(kind, list(answers(kind)), phase)


def check_phase(kind: str, names: list[str], phase: str) -> None:
    """Run all at once: slow answers wait together."""
    count = readers_in(kind, phase)
    if not count:
        return
    slow = phase in SLOW
    with (
        ScriptedServer() as server,
        made(kind, server.url, seconds=IMPATIENCE if slow else PATIENCE) as provider,
        ThreadPoolExecutor(len(names) if slow else 2) as pool,
    ):
        for name in names:
            server.steps.append((WHOLE | CUT)[phase](said(kind, name, count)))
        calls = [numbered(number, count) for number in range(len(names))]
        got = list(pool.map(lambda sent: hand_over(provider, sent, again=slow), calls))
    assert dict(zip(names, got, strict=True)) == expected(kind, names, phase)
    made_of = [CELL.findall(received.body)[0] for received in server.requests]
    assert len(made_of) == len(set(made_of)), "a call was made twice"


def test_a_call_that_reaches_nobody_has_its_verdict() -> None:
    with LoopbackServer() as server, deaf_port() as deaf:
        plain = server.url.rpartition(":")[2]

        def call(kind: str, name: str, phase: str) -> str:
            url = NOBODY[name].format(deaf=deaf, plain=plain)
            with made(kind, url, seconds=IMPATIENCE) as provider:
                return hand_over(provider, numbered(0, readers_in(kind, phase)))

        check_all(list(KINDS), list(NOBODY), call)
    assert server.requests == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_that_gets_no_answer_has_its_verdict(kind: str) -> None:
    def call(kind: str, name: str, phase: str) -> str:
        slow = "silent" in name or "stalled" in name
        seconds = IMPATIENCE if slow else PATIENCE
        large = {"text": LARGE} if "is sent" in name else {}
        with LoopbackServer() as server, made(kind, server.url, seconds=seconds) as provider:
            server.script.append(NO_ANSWER[name])
            sent = numbered(0, readers_in(kind, phase), **large)
            got = hand_over(provider, sent, again=slow)
            assert len(server.requests) == 1
        return got

    check_all([kind], list(NO_ANSWER), call)


def check_all(kinds: list[str], names: list[str], call: Callable[[str, str, str], str]) -> None:
    """Make each call to several and to one, many at once."""
    cells = [
        (kind, name, phase)
        for kind in kinds
        for name in names
        for phase in WHOLE
        if readers_in(kind, phase)
    ]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda cell: call(*cell), cells))
    meant = {(kind, name, phase): table(kind)[name, phase] for kind, name, phase in cells}
    assert dict(zip(cells, got, strict=True)) == meant
