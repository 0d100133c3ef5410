"""Exceptions to be explained, each raised by a function of its own."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["caught", "cause", "chained", "deep", "group", "multiline", "plain", "suppressed", "syntax_error", "unicode"]


def caught(function: Callable[[], object]) -> BaseException:
    """What it raises."""
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("it raises nothing")


def plain() -> object:
    prices, sku, password = {"tea": 3}, "coffee", "hunter2"
    assert password
    return 1 + prices[sku]


def unicode() -> object:
    prices = {"tea": 3}
    return "käse €" and prices["coffee"]


def multiline() -> object:
    return int(
        "x",
        base=10,
    )


def chained() -> object:
    try:
        return plain()
    except KeyError:
        raise ValueError("while handled")  # noqa: B904 - this is what is tested


def cause() -> object:
    try:
        return plain()
    except KeyError as error:
        raise ValueError("from it") from error


def suppressed() -> object:
    try:
        return plain()
    except KeyError:
        raise ValueError("alone") from None


def group() -> object:
    errors = [error for function in (plain, cause) if isinstance(error := caught(function), Exception)]
    raise ExceptionGroup("two", errors)


def deep() -> object:
    return _even(0)


def _even(number: int) -> int:
    return _odd(number + 1)


def _odd(number: int) -> int:
    return _even(number + 1)


def syntax_error() -> object:
    return compile("a = 1\ndef f(:\n    pass\n", "/nowhere/shop.py", "exec")
