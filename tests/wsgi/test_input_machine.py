"""``wsgi.input`` beside ``io.BytesIO`` over the same content, whatever is called in whatever order."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from wsgiserve.wsgi import Input, WholeInput

# Lines and no lines, such that newlines stand at the edges of pieces.
CONTENT = st.lists(st.sampled_from([b"\n", b"a", b"ab\n", b"\r\n", b"\x00" * 9, b"x" * 70]), max_size=12).map(b"".join)
SIZES = st.sampled_from([None, -7, -1, 0, 1, 2, 3, 8, 64, 10_000])


@pytest.fixture(scope="module", autouse=True)
def much_is_little() -> Iterator[None]:
    """Most sizes are large enough for the straight way, and others are not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wsgiserve.wsgi.input._MANY", 4)
        yield


class InputMachine(RuleBasedStateMachine):
    """Reads from both alike."""

    @initialize(content=CONTENT, cuts=st.lists(st.integers(1, 30), max_size=20), whole=st.booleans())
    def begin(self, content: bytes, cuts: list[int], whole: bool) -> None:
        pieces, rest = [], content
        for cut in cuts:
            pieces.append(rest[:cut])
            rest = rest[cut:]
        self.pieces = [piece for piece in [*pieces, rest] if piece]
        self.ours: io.BufferedIOBase = WholeInput(content) if whole else Input(self.receive)
        self.real = io.BytesIO(content)

    def receive(self, wanted: int) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    def same(self, method: str, *arguments: Any) -> None:
        assert getattr(self.ours, method)(*arguments) == getattr(self.real, method)(*arguments)

    open_ = precondition(lambda self: not self.real.closed)

    @open_
    @rule(size=SIZES)
    def read(self, size: int | None) -> None:
        self.same("read", size)

    @open_
    @rule()
    def read_all(self) -> None:
        self.same("read")

    @open_
    @rule(size=SIZES)
    def readline(self, size: int | None) -> None:
        self.same("readline", size)

    @open_
    @rule(hint=st.sampled_from([None, -1, 0, 1, 5, 100]))
    def readlines(self, hint: int | None) -> None:
        """A hint: BytesIO ends with the line that reaches it, as other files do with the one that goes beyond."""
        lines = self.ours.readlines(hint)  # type: ignore[arg-type]  # None is as good as -1
        assert lines == [self.real.readline() for _ in lines]
        if not hint or hint < 0 or len(b"".join(lines)) < hint:
            assert self.real.read() == self.ours.read() == b""

    @open_
    @rule()
    def next_line(self) -> None:
        assert next(self.ours, None) == next(self.real, None)

    @open_
    @rule(size=st.integers(0, 100))
    def readinto(self, size: int) -> None:
        mine, other = bytearray(size), bytearray(size)
        assert self.ours.readinto(mine) == self.real.readinto(other)
        assert mine == other

    @open_
    @rule(size=st.sampled_from([-1, 0, 1, 5, 1000]))
    def read1(self, size: int) -> None:
        """It may give less than there is, and nothing only at the end."""
        part = self.ours.read1(size)
        assert part == self.real.read(len(part))
        assert size < 0 or len(part) <= size
        if not part and size:
            assert self.real.read(1) == b""

    @rule()
    def close(self) -> None:
        self.ours.close()
        self.real.close()

    @precondition(lambda self: self.real.closed)
    @rule(method=st.sampled_from(["read", "readline", "readlines", "__next__", "read1"]))
    def read_closed(self, method: str) -> None:
        for file in (self.ours, self.real):
            with pytest.raises(ValueError, match="closed"):
                getattr(file, method)()

    @invariant()
    def says_the_same_of_itself(self) -> None:
        if hasattr(self, "ours"):
            assert self.ours.closed == self.real.closed
            if not self.real.closed:
                assert (self.ours.readable(), self.ours.writable(), self.ours.seekable()) == (True, False, False)


TestInput = InputMachine.TestCase
TestInput.settings = settings(max_examples=200, stateful_step_count=30)
