"""The desk's pictures lie beside the pages that show them, where the archive is built as files."""

from pathlib import Path

from newsletter.domain.statements.draft import DraftText, Picture
from newsletter.pipeline.statements.approve import ApprovalRequest
from newsletter.web.public.archive.files import bring_up, files
from tests.fakes import NOON
from tests.pages import forum

NAME = "a1" * 13
OTHER = "b2" * 13


def test_pictures_of_what_went_out_are_files_and_no_others(tmp_path: Path, migrated: Path) -> None:
    with forum(tmp_path / "forum", database=migrated) as site:
        site.subscribe("ana@example.org")
        draft = site.services.statements.writing("ed@forum.example").new(DraftText(title="Notes"))
        with site.services.store.begin() as tx:
            for name in (NAME, OTHER):
                picture = Picture(
                    name=name,
                    draft=draft.key,
                    kind="image/png",
                    width=60,
                    height=40,
                    alt="A desk",
                    by="ana@forum.example",
                    at=NOON,
                )
                tx.pictures.add(picture, b"PNG " + name.encode())
        text = f"The desk.\n\n![A desk](https://news.forum.example/media/{NAME}#60x40)\n"
        text += f"\nAnother one: [{OTHER}](https://other.example/media/{OTHER})\n"
        path = site.folder / "statements/news.md"
        path.write_text(f"---\ntitle: News\nlists: [press]\nauthor: ed@forum.example\n---\n{text}")
        site.services.tick.run()
        site.services.statements.approve(
            ApprovalRequest(slug="news", by="ed@forum.example", despite="a test")
        )
        out = tmp_path / "www"
        bring_up(out, files(site.services.archive, began_at=NOON))
        assert not (out / "media").exists()  # it has not gone out yet
        site.services.tick.run()
        done = bring_up(out, files(site.services.archive, began_at=NOON))
        assert done.left == ()
        assert [one.name for one in (out / "media").iterdir()] == [NAME]
        assert (out / "media" / NAME).read_bytes() == b"PNG " + NAME.encode()
        assert f"/media/{NAME}" in (out / "archive/news/index.html").read_text("utf-8")
        again = bring_up(out, files(site.services.archive, began_at=NOON))
        assert (again.written, again.removed) == (0, 0)
