"""The folder of a preview: which files are its own, so that nobody else's is ever replaced."""

from collections.abc import Mapping
from pathlib import Path

from newsletter.domain.errors import Refused
from newsletter.rendering.sheet import MARK

MAIL = ("message.html", "message.txt", "message.eml")
VIEWS = ("light.html", "dark.html", "no-images.html", "no-styles.html", "text.html")
SCREENSHOTS = ("light.png", "dark.png", "phone-light.png", "phone-dark.png", "no-images.png")
COMBINED = "contact-sheet.png"
SHEET = "index.html"

_ALL = (*MAIL, SHEET, *VIEWS, *SCREENSHOTS, COMBINED)
_HEAD = 4096


class Folder:
    """A folder to fill. Files of other names in it are left alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written: set[str] = set()

    @property
    def written(self) -> tuple[str, ...]:
        """The names of what was written, the mail itself first."""
        return tuple(name for name in _ALL if name in self._written)

    def claim(self) -> None:
        """Make the folder, and take away what an earlier preview left and this one may not write.

        Raises Refused where a file that is in the way was not written by a preview.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        present = [
            name
            for name in _ALL
            if name not in MAIL and ((self.path / name).exists() or (self.path / name).is_symlink())
        ]
        if present and not self._is_ours():
            raise Refused(
                f"{self.path / present[0]} was not written by a preview;"
                " nothing was replaced: name another folder with --out"
            )
        for name in (*SCREENSHOTS, COMBINED):
            (self.path / name).unlink(missing_ok=True)

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files of ours."""
        for name, data in files.items():
            (self.path / name).write_bytes(data)
            self._written.add(name)

    def _is_ours(self) -> bool:
        try:
            with (self.path / SHEET).open("rb") as opened:
                return MARK.encode() in opened.read(_HEAD)
        except OSError:
            return False
