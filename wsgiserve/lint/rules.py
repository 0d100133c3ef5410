"""The rules: a code that stays, what is wrong, and what to do about it.

E: some server will refuse it or break. W: probably not what was meant. P: it works, and costs more than it has to.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["RULES", "Rule", "page_of"]

_PAGES = "https://wsgiserve.readthedocs.io/lint/"


class Rule(NamedTuple):
    """One of them; its page says why."""

    title: str
    fix: str


RULES = {
    "E101": Rule(
        "the status is no code, space and reason", 'pass a str such as "200 OK"; 1xx is the server\'s to send.'
    ),
    "E102": Rule("the headers are no list of pairs of str", "pass a list of tuples of two str."),
    "E103": Rule(
        "a header has a name or value that HTTP does not allow",
        "keep CR, LF and other control characters out; encode what is not latin-1.",
    ),
    "E104": Rule("a header of the connection is set by the application", "leave it out; the server sets it."),
    "E105": Rule("the body is not made of bytes", "encode text, and put bytes into a list."),
    "E106": Rule("start_response is missing, or called again", "call it once, before the first block of the body."),
    "E107": Rule("the body is longer than its Content-Length", "count bytes after encoding, or leave the header out."),
    "E108": Rule("a body where the status allows none", "return [] with 204 and 304."),
    "E109": Rule("the application returned no iterable", "return a list of bytes, or anything else that gives them."),
    "E110": Rule(
        "an error came too late for another response, and was swallowed",
        "let what start_response raises pass, and yield nothing after it.",
    ),
    "E111": Rule(
        "wsgi.input is read past the end of the content",
        "read no more than CONTENT_LENGTH bytes in all, unless wsgi.input_terminated is set.",
    ),
    "E112": Rule("the body is shorter than its Content-Length", "send all of it, or leave the header out."),
    "W201": Rule("the application returned a str", "return [text.encode()]."),
    "W202": Rule("write() is used", "return or yield the blocks."),
    "W203": Rule("the request's content is left unread", "read it, or refuse it with a status of 400 or above."),
    "W204": Rule("close() of the body failed", "let it do its work without raising."),
    "W205": Rule(
        "the work is done after the application has returned, and start_response is called only then",
        "do it in the application itself, and return the iterable when status and headers are known.",
    ),
    "W206": Rule("the body's type or character set is missing", "set Content-Type, with charset=utf-8 for text."),
    "W207": Rule("a header that may be there once is there twice", "set it once."),
    "W208": Rule(
        "a cookie or the whole head is too large for browsers and proxies",
        "keep cookies below 4096 bytes and the head below 8 KiB; keep sessions on the server.",
    ),
    "W209": Rule(
        "environ holds a key or a value that is no native string",
        "keep keys str, and HTTP_* and CGI keys str of latin-1; keep other objects under a key with a dot.",
    ),
    "W210": Rule(
        "the same iterator was returned for two requests", "make a new one for each; an iterator can be read once."
    ),
    "P301": Rule("the body comes in very many very small blocks", "join them into blocks of some kilobytes."),
    "P302": Rule("a body of one block without Content-Length", "return a list, or set Content-Length."),
    "P303": Rule("more than 10 MiB in one block", "yield it in pieces, or use wsgi.file_wrapper."),
    "P304": Rule("the request waited while all threads were busy", "raise --threads, or mend what they wait for."),
    "P305": Rule(
        "the request waited more than a second for its content",
        "nothing, if the client is slow; a proxy that buffers requests keeps the thread free meanwhile.",
    ),
}


def page_of(code: str) -> str:
    """The URL of a rule's page."""
    return f"{_PAGES}{code}/"
