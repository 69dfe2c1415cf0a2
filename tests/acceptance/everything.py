"""All of the program at once, for the process that each command is a fork of.

The program imports what a command needs when it is run; here nobody should wait for that again.
"""

from importlib import import_module
from pkgutil import walk_packages

import newsletter
from tests.acceptance import killing

__all__ = ["killing"]

for _module in walk_packages(newsletter.__path__, "newsletter."):
    if (
        not _module.name.startswith("newsletter.store.migrations.")
        and "__main__" not in _module.name
    ):
        import_module(_module.name)
