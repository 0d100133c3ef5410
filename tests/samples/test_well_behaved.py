"""wsgiref's validator and werkzeug's LintMiddleware, which watch both sides of WSGI, have nothing to say.

Each stands between the server and a sample, so it sees what the server does wrong as well as what the sample does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.oracle.conversations import CONVERSATIONS, Conversation, Talk
from tests.oracle.serving import Served, Spec
from tests.server.running import until

Serve = Callable[[Spec], Served]

# What either of them leaves in the log: its exception, or what the validator's __del__ says of an iterable not closed.
COMPLAINT = re.compile(r".*(?:AssertionError|WSGIWarning|HTTPWarning|without being closed|Exception ignored).*")

RIGHT = (
    "output/one_block",
    "output/list_of_blocks",
    "output/tuple_of_blocks",
    "output/empty_list",
    "output/generator",
    "output/large",
    "output/write_only",
    "output/write_and_iterate",
    "output/file_with_length",
    "output/file_like",
    "starting/at_first_block",
    "starting/exc_info_before_output",
    "closing/counted",
    "lengths/zero",
    "bodiless/no_content_empty",
    "fields/cookies",
    "fields/many",
    "reading/exact",
    "reading/by_threes",
    "reading/half",
    "reading/nothing",
    "environs/dump",
    "environs/errors",
)


def well_behaved(talk: Talk) -> Iterator[requests.Response]:
    """The behaviours that break no rule."""
    for name in RIGHT:
        method = "POST" if name.startswith("reading/") else "GET"
        yield talk(method, f"/{name}", data=b"first line\nsecond" if method == "POST" else None)


SAMPLES = {
    name: conversation for name, conversation in CONVERSATIONS.items() if name not in {"behaviours", "too_large_upload"}
}
SAMPLES["behaviours"] = Conversation("sample_apps.behaviours:app", well_behaved)


class GetsOnly(Talk):
    """Leaves out HEAD: LintMiddleware wants Content-Length bytes of body even there."""

    def __call__(self, method: str, path: str, **options: object) -> requests.Response:
        return super().__call__("GET" if method == "HEAD" else method, path, **options)


@pytest.mark.parametrize("wrap", ["validate", "lint"])
@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_to_complain_of(name: str, wrap: str, kind: str, serve_anew: Serve) -> None:
    conversation = SAMPLES[name]
    bare = serve_anew(Spec(conversation.application, kind, conversation.arguments))
    watched = serve_anew(Spec(conversation.application, kind, conversation.arguments, wrap=wrap))
    expected, found = (
        [answer.status_code for answer in conversation.run(GetsOnly(served.url))] for served in (bare, watched)
    )
    assert found == expected
    assert not COMPLAINT.findall(watched.log())


@pytest.mark.parametrize("wrap", ["validate", "lint"])
def test_they_do_complain_when_there_is_reason(wrap: str, kind: str, serve_anew: Serve) -> None:
    served = serve_anew(Spec("sample_apps.behaviours:app", kind, wrap=wrap))
    requests.get(f"{served.url}/wrong_types/str_block", timeout=20)
    until(lambda: COMPLAINT.search(served.log()))
