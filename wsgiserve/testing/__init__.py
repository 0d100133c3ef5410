"""A server in a thread of the test, and what it has served::

    with serve(app) as server:
        assert requests.get(server.url("/")).text == "hello"
        assert server.requests[0].status == 200

The parser, the workers and the gateway are those that serve elsewhere. Nothing is put around the application: what is
recorded are the bytes that came and went.
"""

from wsgiserve.lint import Finding
from wsgiserve.testing.recording import Exchange
from wsgiserve.testing.serving import TestServer, serve

__all__ = ["Exchange", "Finding", "TestServer", "serve"]
