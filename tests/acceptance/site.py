"""The readers' pages, as a browser or a mail program asks for them."""

import requests

from tests.acceptance.workspace import Workspace


class Site:
    """The readers' pages of a workspace, served by ``newsletter serve``."""

    def __init__(self, workspace: Workspace) -> None:
        self._server = workspace.start("serve", "--port", "0")
        self.url = self._server.wait_for(r"http://\S+:\d+")[0]
        self._session = requests.Session()
        self._session.trust_env = False

    def ask(self, method: str, path: str, **options: object) -> requests.Response:
        return self._session.request(
            method,
            self.url + path,
            allow_redirects=False,
            timeout=60,
            **options,  # type: ignore[arg-type] # whatever requests takes
        )

    def close(self) -> None:
        self._session.close()
        self._server.stop()
        assert self._server.finish().code == 0
