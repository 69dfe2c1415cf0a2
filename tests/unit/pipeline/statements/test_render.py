"""statement → content."""

from collections.abc import Sequence

import pytest

from newsletter.domain.errors import Fault, InvalidInput, Postponed, TookTooLong
from newsletter.domain.statements.content import Content
from newsletter.domain.statements.statement import Statement
from newsletter.pipeline.statements.render import RenderState, render
from tests.fakes import FixedClock, PlainRenderer
from tests.unit.pipeline.newsroom import Meanwhile, Newsroom


def test_a_statement_is_rendered_once(room: Newsroom) -> None:
    statement = room.write()
    room.ingest()
    assert room.render().slugs == ("resignation",)
    expected = PlainRenderer().render(statement)
    assert room.content_hash() == expected.content_hash()
    with room.store.read() as tx:
        assert tx.statements.get_content(room.content_hash()) == expected
    assert room.render().slugs == ()


@pytest.mark.parametrize("body", ["It has resigned.", "unrenderable"])
def test_a_text_that_was_read_meanwhile_is_not_put_back(room: Newsroom, body: str) -> None:
    room.write(body=body)
    room.ingest()

    def another_look() -> None:
        room.write(body="A newer text.")
        room.ingest()

    racing = Meanwhile(room.store, another_look)
    render(store=racing, renderer=room.renderer)  # type: ignore[arg-type] # a store in what counts
    with room.store.read() as tx:
        known = tx.statements.get("resignation")
    assert (known.statement.body, known.content_hash) == ("A newer text.", "")
    room.render()
    assert room.content_hash() != ""


def test_other_templates_render_everything_again(room: Newsroom) -> None:
    room.write()
    room.write_and_look("second")
    before = room.content_hash()
    room.renderer = PlainRenderer("plain-2")
    room.forget_looks()
    assert room.render().slugs == ("resignation", "second")
    assert room.content_hash() != before
    assert room.render().slugs == ()


def test_what_was_rendered_before_is_kept_for_those_who_approved_it(room: Newsroom) -> None:
    room.write_and_look()
    before = room.content_hash()
    room.write_and_look(body="Another text.")
    with room.store.read() as tx:
        kept = tx.statements.get_content(before)
    assert kept.content_hash() == before


def test_one_that_cannot_be_rendered_is_a_fault_and_the_others_go_on(room: Newsroom) -> None:
    for slug in ("a", "c"):
        room.write(slug)
    room.write("b", body="This is unrenderable.")
    room.ingest()
    done = room.render()
    assert done.slugs == ("a", "b", "c")
    assert [str(fault) for fault in done.faults] == ["statements/b.md: cannot be rendered"]
    assert room.content_hash("a")
    assert room.content_hash("b") == ""
    assert room.content_hash("c")


def test_one_that_cannot_be_rendered_is_named_at_each_look_until_it_is_mended(
    room: Newsroom,
) -> None:
    room.write_and_look(body="This is unrenderable.")
    assert len(room.render().faults) == 1
    room.write_and_look(body="This is fine.")
    assert room.render().faults == ()
    assert room.content_hash()


def test_a_fault_takes_away_the_digest_that_the_statement_had(room: Newsroom) -> None:
    room.write_and_look()
    assert room.content_hash()
    room.write_and_look(body="This is unrenderable.")
    assert room.content_hash() == ""


def test_a_statement_that_is_gone_is_not_rendered(room: Newsroom) -> None:
    statement: Statement = room.write()
    room.look()
    room.remove(statement.slug)
    room.ingest()
    room.renderer = PlainRenderer("plain-2")
    room.forget_looks()
    assert room.render().slugs == ()


class BrokenRenderer(PlainRenderer):
    """A template of its own is broken."""

    def prepare(self) -> None:
        raise InvalidInput([Fault(file="templates/statement.txt.j2", message="is broken")])


def test_a_broken_template_is_no_fault_of_a_statement_and_takes_no_content_away(
    room: Newsroom,
) -> None:
    room.write_and_look()
    before = room.content_hash()
    room.renderer = BrokenRenderer("plain-2")
    room.forget_looks()
    with pytest.raises(InvalidInput, match="is broken"):
        room.render()
    assert room.content_hash() == before != ""


class SlowRenderer(PlainRenderer):
    """Takes too long for ``endless``, and has no room for ``busy`` until there is some."""

    has_room = False

    def __init__(self, clock: FixedClock) -> None:
        super().__init__()
        self.clock = clock
        self.tried: list[str] = []

    def render(
        self, statement: Statement, translations: Sequence[Statement] = (), *, is_test: bool = False
    ) -> Content:
        self.tried.append(statement.slug)
        fault = Fault(file=statement.origin, message="not rendered")
        self.clock.advance(seconds=1 + 4 * ("slow" in statement.body))
        if "endless" in statement.body:
            raise TookTooLong([fault])
        if "busy" in statement.body and not self.has_room:
            raise Postponed([fault])
        return super().render(statement, translations, is_test=is_test)


def test_one_text_that_takes_too_long_holds_up_no_shorter_one_and_ends_the_look(
    room: Newsroom,
) -> None:
    room.renderer = renderer = SlowRenderer(room.clock)
    room.write("a-bomb", body="endless " * 9)
    room.write("b-bomb", body="endless " * 10)
    room.write("long", body="A long text. " * 99)
    room.write("short", body="A text.")
    room.ingest()
    tried = RenderState()

    first = render(store=room.store, renderer=renderer, state=tried)
    assert renderer.tried == ["short", "a-bomb"]
    assert room.content_hash("short")
    assert [fault.message for fault in first.faults] == [
        "not rendered",
        *["is no email yet: another text takes too long to be made one; it is tried again"] * 2,
    ]

    for more in (["b-bomb"], ["long", "a-bomb"], ["b-bomb"], []):
        renderer.tried.clear()
        render(store=room.store, renderer=renderer, state=tried)
        assert renderer.tried == more
    assert room.content_hash("long")


def test_what_there_was_no_room_for_is_tried_at_the_next_look(room: Newsroom) -> None:
    room.renderer = renderer = SlowRenderer(room.clock)
    room.write(body="busy")
    room.ingest()
    tried = RenderState()
    for _ in range(3):
        found = render(store=room.store, renderer=renderer, state=tried)
        assert [fault.message for fault in found.faults] == ["not rendered"]
    renderer.has_room = True
    assert render(store=room.store, renderer=renderer, state=tried).faults == ()
    assert room.content_hash()


def test_slow_texts_together_end_a_look_and_quick_ones_do_not(room: Newsroom) -> None:
    room.renderer = renderer = SlowRenderer(room.clock)
    for number in range(12):
        room.write(f"quick-{number:02}", body="A text.")
    for number in range(3):
        room.write(f"slow-{number}", body="A slow text, which is longer.")
    room.ingest()
    tried = RenderState()
    render(store=room.store, renderer=renderer, state=tried)
    assert renderer.tried[12:] == ["slow-0", "slow-1"]
    renderer.tried.clear()
    assert render(store=room.store, renderer=renderer, state=tried).faults == ()
    assert "slow-2" in renderer.tried
