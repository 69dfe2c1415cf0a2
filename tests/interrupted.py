"""Parts of the program at whose acts something happens, such as the end of the process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class PowerCut(BaseException):
    """The process is gone: nothing catches it, nothing is tidied up."""


class Fuse:
    """Blows at the ``at``-th point that is passed, once, with this error."""

    def __init__(self, at: int, error: BaseException | None = None) -> None:
        self.left = at
        self._error = error or PowerCut()

    def burn(self, _: object = None) -> None:
        self.left -= 1
        if self.left == 0:
            raise self._error


def _pass(_: object = None) -> None: ...


class WatchedStore:
    """Calls these before each transaction that may write, before its commit and after it."""

    def __init__(
        self,
        store: Any,
        *,
        before: Callable[[], object] = _pass,
        within: Callable[[Any], object] = _pass,
        after: Callable[[], object] = _pass,
    ) -> None:
        self._store = store
        self._before, self._within, self._after = before, within, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def begin(self, *, is_durable: bool = True) -> Iterator[Any]:
        self._before()
        with self._store.begin(is_durable=is_durable) as tx:
            yield tx
            self._within(tx)
        self._after()


def watched(store: Any, **calls: Callable[..., object]) -> Any:
    return WatchedStore(store, **calls)


def fused(store: Any, fuse: Fuse) -> Any:
    """Return a store with a point before each transaction, before its commit and after it."""
    return WatchedStore(store, before=fuse.burn, within=fuse.burn, after=fuse.burn)


class Instead:
    """A part with some attributes replaced."""

    def __init__(self, part: Any, **others: Any) -> None:
        self._part = part
        vars(self).update(others)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._part, name)


def between(
    burn: Callable[[str], object], name: str, act: Callable[..., Any]
) -> Callable[..., Any]:
    """Return an act with a point before it and a point after it."""

    def acting(*given: Any) -> Any:
        burn(f"{name}: before it")
        done = act(*given)
        burn(f"{name}: after it")
        return done

    return acting
