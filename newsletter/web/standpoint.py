"""Where the pages of the archive lie, as each of them names the others."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Standpoint:
    """A page that names others.

    It names them from where it stands, so that the archive works behind any host and path, also
    before ``public_url`` leads to it.
    """

    depth: int = 0
    """Slashes in its path, below that of the first page."""
    folders: bool = False
    """Each page is a folder with a file, as a web server serves them; else a path of its own."""

    @property
    def first_page(self) -> str:
        """The archive's first page."""
        return "../" * self.depth or "./"

    def page(self, number: int) -> str:
        """A page of the list; the first one is 1."""
        return self.first_page if number == 1 else self._named(f"page/{number}")

    def statement(self, slug: str) -> str:
        """The page of a statement."""
        return self._named(f"archive/{slug}")

    def file(self, name: str) -> str:
        """What is no page, such as a feed."""
        return "../" * self.depth + name

    def _named(self, path: str) -> str:
        return self.file(path) + "/" * self.folders
