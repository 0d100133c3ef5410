"""The composed classes and ``make_server``: which class, which arguments, which errors."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from werkzeug import serving

from tests.server.running import hello
from wsgiserve.server import servers
from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.forking import ForkingMixIn
from wsgiserve.server.handler import WSGIRequestHandler
from wsgiserve.server.mixins import ThreadingMixIn, ThreadPoolMixIn
from wsgiserve.server.servers import ForkingWSGIServer, ThreadedWSGIServer, ThreadPoolWSGIServer, make_server

NAMES = ["BaseWSGIServer", "ThreadedWSGIServer", "ForkingWSGIServer", "make_server"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, BaseWSGIServer),
        ({"threaded": True}, ThreadedWSGIServer),
        ({"threaded": True, "processes": 1}, ThreadedWSGIServer),
        ({"processes": 2}, ForkingWSGIServer),
    ],
)
def test_make_server_picks_the_class(arguments: dict[str, Any], expected: type[BaseWSGIServer]) -> None:
    with make_server("127.0.0.1", 0, hello, **arguments) as server:
        assert type(server) is expected
        assert server.app is hello


def test_make_server_passes_everything_on() -> None:
    pytest.importorskip("cryptography")

    class Handler(WSGIRequestHandler):
        pass

    choices: list[dict[str, Any]] = [{}, {"threaded": True}, {"processes": 3}]
    for arguments in choices:
        with make_server(
            "127.0.0.1",
            0,
            hello,
            request_handler=Handler,
            passthrough_errors=True,
            ssl_context="adhoc",
            **arguments,
        ) as server:
            assert server.handler is Handler
            assert server.passthrough_errors
            assert server.ssl_context is not None


def test_threads_and_processes_at_once_are_refused_in_werkzeug_s_words() -> None:
    with pytest.raises(ValueError, match=r"^Cannot have a multi-thread and multi-process server\.$"):
        make_server("127.0.0.1", 0, hello, threaded=True, processes=2)


@pytest.mark.parametrize("name", NAMES)
def test_the_arguments_are_those_of_werkzeug_in_its_order(name: str) -> None:
    ours = inspect.signature(getattr(servers, name, None) or BaseWSGIServer).parameters
    theirs = inspect.signature(getattr(serving, name)).parameters
    if name == "ThreadedWSGIServer":  # it passes them on to the base class
        ours = inspect.signature(BaseWSGIServer).parameters
    common = [(parameter.name, parameter.default) for parameter in list(ours.values())[: len(theirs)]]
    assert common == [(parameter.name, parameter.default) for parameter in theirs.values()]


@pytest.mark.parametrize(
    ("server_class", "multithread", "multiprocess"),
    [
        (BaseWSGIServer, False, False),
        (ThreadPoolWSGIServer, True, False),
        (ThreadedWSGIServer, True, False),
        (ForkingWSGIServer, False, True),
    ],
)
def test_what_environ_reports_is_what_the_class_says(
    server_class: type[BaseWSGIServer], multithread: bool, multiprocess: bool
) -> None:
    assert (server_class.multithread, server_class.multiprocess) == (multithread, multiprocess)


@pytest.mark.parametrize(
    ("server_class", "mixin"),
    [
        (ThreadPoolWSGIServer, ThreadPoolMixIn),
        (ThreadedWSGIServer, ThreadingMixIn),
        (ForkingWSGIServer, ForkingMixIn),
    ],
)
def test_the_mixin_comes_first(server_class: type[BaseWSGIServer], mixin: type[BaseWSGIServer]) -> None:
    assert server_class.__mro__[1] is mixin


def test_forking_takes_the_number_of_processes_where_werkzeug_does() -> None:
    with ForkingWSGIServer("127.0.0.1", 0, hello, 7) as server:
        assert server.processes == 7
