"""Any application at all: h11 reads exactly what it meant, or sees that something is missing."""

from __future__ import annotations

from typing import Any, NamedTuple

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wsgi.playing import GET, HEAD, OLD, Played
from wsgiserve.errors import LocalProtocolError

blocks = st.lists(st.binary(max_size=20), max_size=5)
headers = st.lists(
    st.tuples(
        st.sampled_from(["X-One", "x-two", "Content-Type", "Set-Cookie", "ETag"]),
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=10),
    ),
    max_size=4,
)


class Plan(NamedTuple):
    """What an application is going to do."""

    status: int
    headers: list[tuple[str, str]]
    written: list[bytes]
    returned: list[bytes]
    as_list: bool
    length: int | None
    """Difference of its Content-Length from the truth; None for no Content-Length."""
    fails: bool

    @property
    def body(self) -> bytes:
        return b"".join(self.written + self.returned)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        sent = list(self.headers)
        if self.length is not None:
            sent.append(("Content-Length", str(max(len(self.body) + self.length, 0))))
        write = start_response(f"{self.status} Reason", sent)
        for block in self.written:
            write(block)
        if self.as_list and not self.fails:
            return list(self.returned)
        return self._iterate()

    def _iterate(self) -> Any:
        yield from self.returned
        if self.fails:
            raise KeyError("sku")


plans = st.builds(
    Plan,
    st.sampled_from([200, 201, 204, 304, 404, 500]),
    headers,
    blocks,
    blocks,
    st.booleans(),
    st.one_of(st.none(), st.just(0), st.integers(-3, 3)),
    st.booleans(),
)


@given(plan=plans, request_=st.sampled_from([GET, HEAD, OLD]))
def test_a_client_reads_what_was_meant_or_sees_that_it_cannot(plan: Plan, request_: bytes) -> None:
    played = Played(plan.__call__, request_)
    if played.error is None:
        _is_what_was_meant(plan, played, request_)
    elif played.wire.data:
        _is_visibly_incomplete(plan, played, request_)
    assert isinstance(played.error, KeyError | LocalProtocolError | None)
    if played.error is None:
        # A body of which no more can be sent is not asked for more, so an error behind that never happens.
        assert not plan.fails or played.gateway.excess is not None


def _is_what_was_meant(plan: Plan, played: Played, request_: bytes) -> None:
    status, _, body = played.read(closed=request_ is OLD)
    assert status == plan.status
    bodiless = request_ is HEAD or status in (204, 304)
    promised = len(plan.body) + min(plan.length or 0, 0)
    assert body == (b"" if bodiless else plan.body[: max(promised, 0)])
    for name, value in plan.headers:
        assert f"{name}: {value.strip(' ')}".rstrip(" ").encode("latin-1") in played.wire.data


def _is_visibly_incomplete(plan: Plan, played: Played, request_: bytes) -> None:
    bodiless = request_ is HEAD or plan.status in (204, 304)
    until_close = request_ is OLD and plan.length is None
    whole = plan.length is not None and plan.length <= 0
    if bodiless or until_close or whole:
        return  # the end of the connection is the end of the body, or the body was all there when the error came
    with pytest.raises((AssertionError, h11.RemoteProtocolError)):
        played.read(closed=True)
