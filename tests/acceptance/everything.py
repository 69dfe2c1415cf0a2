"""All of the program at once, for the process that each command is a fork of.

The program imports what a command needs when it is run, and makes its tables then; here nobody
should wait for that again.
"""

import gc
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from tempfile import TemporaryDirectory

import newsletter
from tests.acceptance import killing
from tests.acceptance.calling import call

__all__ = ["killing"]

for _module in walk_packages(newsletter.__path__, "newsletter."):
    if (
        not _module.name.startswith("newsletter.store.migrations.")
        and "__main__" not in _module.name
    ):
        import_module(_module.name)

# only what begins no thread: a process with several cannot be forked
with TemporaryDirectory() as _folder:
    for _arguments in (["init"], ["preview", "example", "--out", "preview"], ["campaign", "list"]):
        _code, _out, _err = call(_arguments, folder=Path(_folder), environment={})
        assert _code == 0, f"{_arguments}: {_out}{_err}"

gc.collect()
gc.freeze()  # a fork that looks for garbage would copy all of this
