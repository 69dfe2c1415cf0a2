"""All of the program at once, for the process that each command is a fork of.

The program imports the parts of a command and builds its tables when the command runs; here that
happens once.
"""

import gc
import threading
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from tempfile import TemporaryDirectory

import newsletter
from tests.acceptance import killing
from tests.acceptance.calling import call

__all__ = ["killing"]

for _module in walk_packages(newsletter.__path__, "newsletter."):
    if "__main__" not in _module.name:
        import_module(_module.name)

# with one statement on its way to one reader, so that most SQL is compiled and most templates are
_COMMANDS = (
    ["init"],
    ["user", "add", "editor@forum.example", "--role", "approver"],
    ["subscribers", "import", "subscribers.yaml"],
    ["statement", "submit", "example"],
    ["statement", "approve", "example", "--by", "editor@forum.example"],
    ["run", "--until-idle", "--port", "0"],
    ["report", "1"],
)
with TemporaryDirectory() as _folder:
    for _arguments in _COMMANDS:
        _code, _out, _err = call(_arguments, folder=Path(_folder), environment={})
        assert _code == 0, f"{_arguments}: {_out}{_err}"
        for _file in Path(_folder).glob("newsletter.yaml"):
            _text = _file.read_text("utf-8").replace("undo_window: 5m", "undo_window: 0s")
            _file.write_text(_text.replace("start: sender", "start: approval"))
assert threading.active_count() == 1, "a process with several threads cannot be forked"

gc.collect()
gc.freeze()  # a fork that looks for garbage would copy all of this
