"""When something goes wrong, over every server class: what the client sees, what the log says, and that we go on."""

from __future__ import annotations

import pytest

from tests.server import apps
from tests.server.client import request
from tests.server.conftest import Start
from wsgiserve.server.deadlines import Deadlines

FAILED = b"500 Internal Server Error\n\nThe application failed to answer this request. The server's log says why.\n"

# path -> what the log says of it, and the line that it blames. The first word is the exception's, or the broken rule's.
BEFORE_OUTPUT = {
    "before": ("KeyError: 'sku'", "in _before"),
    "after-start-response": ("KeyError: 'sku'", "in _after_start_response"),
    "before-first-block": ("KeyError: 'sku'", "in _before_first_block"),
    "exit-before": ("SystemExit: leaving", "in _exit_before"),
    "str-blocks": ("the body yields str, not bytes (PEP 3333)", "in _str_blocks"),
    "bad-header": ("header", "in _bad_header"),
    "hop-by-hop": ("Transfer-Encoding", "in _hop_by_hop"),
    "bad-status": ("status", "in _bad_status"),
    "no-start": ("start_response was not called", "in failing"),
    "none": ("the application returned NoneType", "in failing"),
}


@pytest.mark.parametrize("path", BEFORE_OUTPUT)
def test_a_failure_before_output_is_a_500_and_an_entry_in_the_log(path: str, start: Start) -> None:
    served = start(apps.failing)
    client = served.connect(request(f"/{path}") + request("/never"))
    response = client.read()
    assert (response.status, response.body, response.headers["connection"]) == (500, FAILED, "close")
    assert response.headers["content-type"].startswith("text/plain")
    assert client.rest() == b""
    served.wait_for(lambda journal: journal.accesses)
    assert served.connect(request("/", "Connection: close")).read().body == b"GET /"
    journal = served.stop()
    what, where = BEFORE_OUTPUT[path]
    (failure,) = journal.loud()
    assert (failure.logger, failure.level) == ("wsgiserve.errors", "ERROR")
    assert f"GET /{path}" in failure.text
    assert "answered 500" in failure.text
    assert what in failure.text
    assert where in failure.text
    assert "apps.py" in failure.text
    failed, good = journal.accesses
    assert (failed.status, failed.size, failed.target) == (500, len(FAILED), f"/{path}")
    assert failed.note.startswith("✗ ")
    assert (good.status, good.note) == (200, "")


AFTER_OUTPUT = {
    "between-blocks": ("KeyError: 'sku'", "in _between_blocks"),
    "exit-between": ("SystemExit: leaving", "in _exit_between"),
    "str-block-later": ("the body yields str, not bytes (PEP 3333)", "in _str_block_later"),
}


@pytest.mark.parametrize("path", AFTER_OUTPUT)
def test_a_failure_after_output_breaks_off_so_that_the_client_notices(path: str, start: Start) -> None:
    served = start(apps.failing)
    client = served.connect(request(f"/{path}") + request("/never"))
    assert b"Transfer-Encoding: chunked" in client.read_head()
    assert client.rest() == b"3\r\none\r\n"  # and no last chunk
    served.wait_for(lambda journal: journal.accesses)
    assert served.connect(request("/", "Connection: close")).read().body == b"GET /"
    journal = served.stop()
    what, where = AFTER_OUTPUT[path]
    (failure,) = journal.loud()
    assert (failure.logger, failure.level) == ("wsgiserve.errors", "ERROR")
    assert what in failure.text
    assert where in failure.text
    assert "the response is incomplete" in failure.text
    assert (journal.accesses[0].status, journal.accesses[0].size) == (200, 3)
    assert journal.accesses[0].note.startswith("✗ ")


def test_a_body_shorter_than_promised_breaks_off(start: Start) -> None:
    served = start(apps.failing)
    client = served.connect(request("/too-short") + request("/never"))
    assert b"Content-Length: 10\r\n" in client.read_head()
    assert client.rest() == b"short"
    client.close()
    (failure,) = served.stop().loud()
    assert "5 bytes shorter than its Content-Length" in failure.text
    assert "in failing" in failure.text


def test_what_a_body_has_beyond_its_length_is_not_sent_and_the_connection_kept(start: Start) -> None:
    served = start(apps.failing)
    client = served.connect(request("/too-long") + request("/"))
    assert client.read().body == b"lon"
    assert client.read().body == b"GET /"
    client.close()
    (failure,) = served.stop().loud()
    assert "longer than its Content-Length" in failure.text
    assert "in failing" in failure.text


def test_a_failure_in_close_leaves_the_response_whole(start: Start) -> None:
    served = start(apps.failing)
    client = served.connect(request("/in-close"))
    response = client.read()
    assert (response.status, response.body) == (200, b"all of it")
    assert client.rest() == b""
    client.close()
    journal = served.stop()
    (failure,) = journal.loud()
    assert "KeyError: 'sku'" in failure.text
    assert journal.notes == ["closed"]


def test_the_answer_to_head_has_no_body_when_the_application_fails(start: Start) -> None:
    client = start(apps.failing).connect(request("/before", method="HEAD"))
    assert client.read_head().startswith(b"HTTP/1.1 500 ")
    assert client.rest() == b""


def test_the_access_log_names_exception_and_line(start: Start) -> None:
    served = start(apps.failing)
    served.connect(request("/before")).read()
    note = served.stop().access.note
    assert note.startswith("✗ KeyError: 'sku'  apps.py:")


# Clients that leave


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_a_client_that_leaves_within_the_head_is_no_matter(leave: str, start: Start) -> None:
    served = start(apps.hello)
    for part in (b"", b"GET", b"GET / HTTP/1.1\r\nHost:", b"\r\n"):
        getattr(served.connect(part), leave)()
    assert served.connect(request("/", "Connection: close")).read().body == b"GET /"
    journal = served.stop()
    assert journal.loud() == []
    assert [access.status for access in journal.accesses if access.method == "GET"] == [200]


def test_a_client_that_half_closes_within_the_head_is_told(start: Start) -> None:
    served = start(apps.hello)
    client = served.connect(b"GET / HTTP/1.1\r\n")
    client.finish()
    response = client.read()
    assert (response.status, response.headers["connection"]) == (400, "close")
    assert client.rest() == b""
    journal = served.stop()
    assert (journal.access.status, journal.loud()) == (400, [])


@pytest.mark.parametrize("leave", ["finish", "close", "reset"])
@pytest.mark.parametrize("framing", ["Content-Length: 10", "Transfer-Encoding: chunked"])
def test_a_client_that_leaves_within_the_content_ends_its_request_and_nothing_else(
    leave: str, framing: str, start: Start
) -> None:
    served = start(apps.echo)
    client = served.connect(request("/a", framing, method="POST") + b"5\r\nab")
    getattr(client, leave)()
    if leave == "finish":
        assert client.rest() == b""
    assert served.connect(request("/", "Connection: close")).read().body == b"GET:"
    journal = served.stop()
    assert journal.loud() == []
    (left,) = [access for access in journal.accesses if access.target == "/a"]
    assert (left.status, left.note) == (499, "✗ client left")


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_a_client_that_leaves_within_the_response_ends_it_and_the_iterable_is_closed_once(
    leave: str, start: Start
) -> None:
    served = start(apps.endless)
    client = served.connect(request("/endless"))
    assert client.file.read(100_000)
    getattr(client, leave)()
    served.wait_for(lambda journal: journal.accesses)
    assert served.connect(request("/", "Connection: close")).read().body == b"GET /"
    journal = served.stop()
    assert journal.notes == ["closed"]
    assert journal.loud() == []
    left, good = journal.accesses
    assert (left.status, left.note) == (200, "✗ client left")
    assert left.size >= 100_000
    assert good.status == 200


def test_a_client_that_leaves_while_the_application_works_is_noticed_when_it_is_answered(start: Start) -> None:
    served = start(apps.late_reader)
    client = served.connect(request(method="POST", body=b"abcd"))
    served.wait_for(lambda journal: journal.notes)
    client.reset()
    served.gate.release()
    journal = served.wait_for(lambda journal: journal.accesses)
    assert journal.loud() == []


# Clients that are too slow


def test_a_head_that_does_not_arrive_in_time_is_answered_408(start: Start) -> None:
    served = start(apps.hello, deadlines=Deadlines(head=0.3))
    client = served.connect(b"GET / HTTP/1.1\r\n")
    response = client.read()
    assert (response.status, response.headers["connection"]) == (408, "close")
    assert client.rest() == b""


def test_content_that_does_not_arrive_in_time_is_answered_408(start: Start) -> None:
    served = start(apps.echo, deadlines=Deadlines(body=0.1))
    client = served.connect(request("/", "Content-Length: 10", method="POST") + b"abc")
    response = client.read()
    assert (response.status, response.headers["connection"]) == (408, "close")
    assert client.rest() == b""
    client.close()
    journal = served.stop()
    assert (journal.access.status, journal.access.note) == (408, "✗ too slow")
    assert journal.loud() == []


def test_content_that_stops_after_output_ends_the_response(start: Start) -> None:
    served = start(apps.reads_between_blocks, deadlines=Deadlines(body=0.1))
    client = served.connect(request("/", "Content-Length: 10", method="POST") + b"abc")
    assert client.read_head().startswith(b"HTTP/1.1 200 OK\r\n")
    assert client.rest() == b"3\r\none\r\n"
    client.close()
    assert served.stop().access[6:] == (200, 3, 1, "✗ too slow")


def test_an_idle_connection_is_closed_in_silence(start: Start) -> None:
    served = start(apps.hello, deadlines=Deadlines(head=0.2, keep_alive=0.2))
    fresh = served.connect()
    used = served.connect(request())
    assert used.read().body == b"GET /"
    assert used.rest() == b""
    assert fresh.rest() == b""
    assert served.stop().loud() == []


def test_a_client_that_takes_nothing_of_a_response_is_given_up(start: Start) -> None:
    served = start(apps.endless, deadlines=Deadlines(write=0.2))
    client = served.connect(request("/endless"))
    journal = served.wait_for(lambda journal: journal.accesses)
    assert (journal.access.status, journal.access.note) == (200, "✗ too slow")
    assert journal.notes == ["closed"]
    assert client.rest()


def test_a_client_that_takes_nothing_of_a_parked_response_is_given_up(start: Start) -> None:
    served = start(apps.large, deadlines=Deadlines(write=0.2))
    client = served.connect(request("/list?10"))
    served.wait_for(lambda journal: any("took no byte" in logged.text for logged in journal.logs))
    assert len(client.rest()) < 10 * apps.MEBIBYTE


# The application's words


def test_wsgi_errors_goes_to_the_log_with_its_request(start: Start) -> None:
    served = start(apps.complains)
    client = served.connect(
        request("/a?one%0Atwo%0A") + request("/b?no%20newline") + request("/c", "Connection: close")
    )
    for _ in range(3):
        client.read()
    client.close()
    journal = served.stop()
    assert [(logged.logger, logged.text) for logged in journal.loud()] == [
        ("wsgiserve.errors", "one\ntwo"),
        ("wsgiserve.errors", "no%20newline"),
    ]
    assert [logged.request.rpartition(":")[2].partition(" ")[2] for logged in journal.loud()] == [
        "GET /a?one%0Atwo%0A",
        "GET /b?no%20newline",
    ]


@pytest.mark.parametrize("field", ["Connection: close", "Connection: keep-alive"])
def test_a_line_without_a_newline_is_logged_when_its_request_ends(field: str, start: Start) -> None:
    served = start(apps.complains)
    assert served.connect(request("/a?no-newline", field)).read().status == 200
    (logged,) = served.stop().loud()
    assert logged.text == "no-newline"
    assert logged.request.endswith("GET /a?no-newline")


def test_what_an_application_wrote_stands_before_its_failure(start: Start) -> None:
    served = start(apps.complains)
    served.connect(request("/fails?about-to-fail")).read()
    wrote, failed = served.stop().loud()
    assert wrote.text == "about-to-fail"
    assert wrote.request.endswith(" GET /fails?about-to-fail")
    assert "KeyError: 'sku'" in failed.text
