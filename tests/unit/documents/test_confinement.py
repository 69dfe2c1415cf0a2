"""The program that the kernel runs before each call refuses what reaches out of the process."""

import errno
from collections.abc import Sequence

import pytest

from newsletter.documents.confinement import (
    REFUSED_SYSCALLS,
    FilterInstruction,
    seccomp_filter,
)
from tests.rows import rows

_ALLOWED, _KILLED = 0x7FFF0000, 0x80000000
_ARCHITECTURES = ((0, 0xC000003E), (1, 0xC00000B7))
_CLONE, _CLONE3, _PRLIMIT64, _READ = (56, 220), (435, 435), (302, 261), (0, 63)


def refused(error: int) -> int:
    return 0x50000 | error


def run(program: Sequence[FilterInstruction], words: dict[int, int]) -> int:
    """As the kernel does: the value that the program returns for a call."""
    held, at = 0, 0
    while True:
        code, holds, not_so, operand = program[at]
        at += 1
        if code == 0x06:
            return operand
        if code == 0x20:
            held = words.get(operand, 0)
            continue
        true = {0x15: held == operand, 0x35: held >= operand, 0x45: bool(held & operand)}[code]
        at += holds if true else not_so


@pytest.mark.parametrize(("column", "architecture"), _ARCHITECTURES)
def test_each_call_that_reaches_out_is_refused_and_others_are_not(
    column: int, architecture: int
) -> None:
    program = seccomp_filter(column, architecture)
    for name, numbers in REFUSED_SYSCALLS.items():
        number = numbers[column]
        if number is not None:
            answer = run(program, {0: number, 4: architecture})
            assert answer == refused(errno.EPERM), name
    assert run(program, {0: _READ[column], 4: architecture}) == _ALLOWED
    assert len(program) < 4096  # the most that the kernel takes


@rows("column", [0, 1])
def test_a_thread_is_started_and_no_process(column: int) -> None:
    architecture = _ARCHITECTURES[column][1]
    program = seccomp_filter(column, architecture)
    cloned = {0: _CLONE[column], 4: architecture}
    assert run(program, cloned | {16: 0x3D0F00}) == _ALLOWED
    assert run(program, cloned | {16: 17}) == refused(errno.EPERM)
    assert run(program, {0: _CLONE3[column], 4: architecture}) == refused(errno.ENOSYS)


@rows("column", [0, 1])
def test_limits_are_asked_for_and_none_is_set(column: int) -> None:
    architecture = _ARCHITECTURES[column][1]
    program = seccomp_filter(column, architecture)
    limits = {0: _PRLIMIT64[column], 4: architecture}
    assert run(program, limits) == _ALLOWED
    assert run(program, limits | {32: 1}) == refused(errno.EPERM)
    assert run(program, limits | {36: 1}) == refused(errno.EPERM)


def test_calls_in_another_architectures_way_end_the_process_or_are_refused() -> None:
    program = seccomp_filter(*_ARCHITECTURES[0])
    assert run(program, {0: 1, 4: 0x40000003}) == _KILLED  # 32 bits
    assert run(program, {0: 0x40000000 | 41, 4: 0xC000003E}) == refused(errno.EPERM)  # x32
