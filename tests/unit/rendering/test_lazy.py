"""The renderer that waits: it answers like the renderer itself, and reports faults late."""

from pathlib import Path

import pytest

from newsletter.domain.errors import InvalidInput
from newsletter.rendering.lazy import LazyRenderer
from newsletter.rendering.mail.files import mail_templates
from newsletter.rendering.mail.renderer import TemplateRenderer
from tests.unit.rendering.examples import HOUSE, STATEMENT


def test_it_renders_what_the_renderer_renders(tmp_path: Path) -> None:
    (tmp_path / "statement.txt.j2").write_text("{% include 'default/statement.txt.j2' %}\nOurs.\n")
    waiting = LazyRenderer(publisher=HOUSE, override=tmp_path, delivery_settings_hash="")
    renderer = TemplateRenderer(publisher=HOUSE, files=mail_templates(tmp_path))
    waiting.prepare()
    assert waiting.fingerprint == renderer.fingerprint
    assert waiting.render(STATEMENT) == renderer.render(STATEMENT)
    assert waiting.templates.wordings.languages == renderer.wordings.languages


@pytest.mark.parametrize("source", [b"{% if %}", b"\xff"])
def test_a_broken_template_is_told_when_it_is_needed_and_not_before(
    tmp_path: Path, source: bytes
) -> None:
    (tmp_path / "statement.txt.j2").write_bytes(source)
    waiting = LazyRenderer(publisher=HOUSE, override=tmp_path, delivery_settings_hash="")
    assert len(waiting.fingerprint) == 64
    for need in (waiting.prepare, lambda: waiting.render(STATEMENT)):
        with pytest.raises(InvalidInput, match=r"statement\.txt\.j2"):
            need()
