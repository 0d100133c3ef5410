"""What a start does not wait for: messages that nobody needs, and collections of garbage while it imports."""

from __future__ import annotations

import gc

import pytest

from wsgiserve import messages
from wsgiserve.lazy import without_collections


def test_messages_are_all_there_when_they_are_asked_for() -> None:
    for name in messages.__all__:
        assert getattr(messages, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'command'"):
        messages.command  # type: ignore[attr-defined]  # noqa: B018 - it is one of a module's, and not everybody's


def test_garbage_is_collected_again_afterwards() -> None:
    def fail_to_import() -> None:
        with without_collections():
            assert not gc.isenabled()
            raise ImportError("shop")

    assert gc.isenabled()
    with pytest.raises(ImportError, match="shop"):
        fail_to_import()
    assert gc.isenabled()


def test_who_collects_none_is_left_in_peace() -> None:
    gc.disable()
    try:
        with without_collections():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
