"""Style sheets and scripts of the desk."""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from starlette.responses import Response

import newsletter
from newsletter.domain.statements.brand import desk_colors

_CACHE_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable"}


class Assets:
    """Style sheets and scripts. Each file's address contains its hash."""

    def __init__(self, folder: Path, *, color: str) -> None:
        self._folders = (folder, Path(newsletter.__file__).parent / "web/static")
        light, dark = (
            "".join(f" --{name}: {value};" for name, value in scheme.items())
            for scheme in desk_colors(color)
        )
        dark_rule = f"@media (prefers-color-scheme: dark) {{ :root {{{dark} }} }}\n"
        self._colors = f":root {{{light} }}\n{dark_rule}".encode()

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Return name → content of all files that are served."""
        found = {}
        for folder in self._folders:
            for path in sorted(folder.glob("*")) if folder.is_dir() else ():
                if path.suffix in _MEDIA_TYPES and path.is_file():
                    found[path.name] = path.read_bytes()
        found["desk.css"] += self._colors
        return found

    def address(self, name: str) -> str:
        """Return the address of a file; empty if there is none because no script was built."""
        data = self.files.get(name)
        if data is None:
            return ""
        return f"/desk/static/{hashlib.sha256(data).hexdigest()[:12]}/{name}"

    def response(self, name: str) -> Response | None:
        """Return the file as a response; None if there is none."""
        data = self.files.get(name)
        if data is None:
            return None
        kind = _MEDIA_TYPES[Path(name).suffix]
        policy = {"Content-Security-Policy": "default-src 'none'"}
        headers = {**_CACHE_HEADERS, **policy, "X-Content-Type-Options": "nosniff"}
        return Response(data, media_type=kind, headers=headers)


_MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
