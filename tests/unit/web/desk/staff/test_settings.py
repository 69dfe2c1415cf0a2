"""Admins see the settings with their lines, and no secret."""

from pathlib import Path

from tests.desk import desk, words

CHAT = {"kind": "slack", "name": "press-room", "url": "https://chat.example/hush-hush"}
LISTS = [{"name": "press", "title": "Press releases"}]


def test_an_admin_sees_each_setting_its_line_and_no_secret(tmp_path: Path, migrated: Path) -> None:
    with desk(tmp_path, database=migrated, notices=[CHAT], lists=LISTS) as staffed:
        written = (staffed.site.folder / "newsletter.yaml").read_text("utf-8").splitlines()
        page = staffed.as_("dan").get("/settings")
        said = words(page)
        title = written.index("  title: Press releases") + 1
        assert f"Press releases Line {title} " in said
        assert "How often newsletter looks for new statements and due work. 5s Default" in said
        secret = next(no for no, line in enumerate(written, start=1) if "hush" in line)
        assert f"********** Line {secret} " in said
        assert "hush" not in page.text
        assert staffed.as_("cleo").get("/settings").status == 403
