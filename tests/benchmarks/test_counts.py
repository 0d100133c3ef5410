"""What cachegrind and strace write is read, and counts are held against their budget."""

from __future__ import annotations

import pytest

from benchmarks.counts.budget import Budget, complaint, differences
from benchmarks.counts.cases import CASES
from benchmarks.counts.instructions import total
from benchmarks.counts.systemcalls import per_request

BUDGET = Budget("gcc", {"hello": {"instructions": 1000.0, "bytecodes": 100.0, "recvfrom": 1.0, "blocks left": 0.0}})

RECORD = r"""
10 epoll_wait(4, [{events=EPOLLIN}], 1023, -1) = 1
10 recvfrom(7,  <unfinished ...>
11 futex(0x55, FUTEX_WAIT, 0, NULL <unfinished ...>
10 <... recvfrom resumed>"GET /?mark HTTP/1.1\r\nHost: loc"..., 65536, 0, NULL, NULL) = 41
10 write(1, "GET /?mark 200 0.1ms\n", 21) = 21
10 sendto(7, "HTTP/1.1 200 OK\r\n"..., 153, 0, NULL, 0 <unfinished ...>
11 <... futex resumed>)              = 0
10 <... sendto resumed>)             = 153
10 epoll_wait(4, [{events=EPOLLIN}], 1023, -1) = 1
10 recvfrom(7, "GET / HTTP/1.1\r\nHost: loc"..., 65536, 0, NULL, NULL) = 36
10 sendto(7, "HTTP/1.1 200 OK\r\n"..., 153, 0, NULL, 0) = 153
11 --- SIGCHLD {si_signo=SIGCHLD} ---
10 epoll_wait(4, [{events=EPOLLIN}], 1023, -1) = 1
10 recvfrom(7, "GET /?mark HTTP/1.1\r\nHost: loc"..., 65536, 0, NULL, NULL) = 41
10 sendto(7, "HTTP/1.1 200 OK\r\n"..., 153, 0, NULL, 0) = 153
10 +++ exited with 0 +++
""".strip().splitlines()


def counted(build: str = "gcc", **changes: float) -> list[str]:
    """The differences of counts that are the budget's but for these."""
    figures = {name.replace("_", " "): count for name, count in changes.items()}
    return [str(each) for each in differences(BUDGET, {"hello": {**BUDGET.counts["hello"], **figures}}, build)]


def test_calls_between_the_marks_are_counted_where_they_end_and_futex_is_not() -> None:
    assert per_request(RECORD, 1) == {"epoll_wait": 1.0, "recvfrom": 1.0, "sendto": 1.0, "write": 0.5}


def test_a_record_without_both_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="1 of 2 marks"):
        per_request(RECORD[:10], 1)


def test_a_call_that_came_once_by_chance_is_none_of_a_request() -> None:
    assert "write" not in per_request(RECORD, 50)


def test_cachegrinds_total_is_in_its_last_line() -> None:
    assert total("desc: I1 cache\nevents: Ir\nfl=a.c\nfn=f\n3 40\nsummary: 746272624\n") == 746272624


def test_a_file_that_cachegrind_did_not_finish_is_refused() -> None:
    with pytest.raises(ValueError, match="no summary"):
        total("events: Ir\nfn=f\n3 40\n")


def test_what_costs_as_much_as_stored_is_no_difference() -> None:
    assert counted() == []


def test_instructions_and_bytecodes_may_grow_by_three_in_a_hundred() -> None:
    assert counted(instructions=1030, bytecodes=103) == []
    assert counted(instructions=1031) == ["hello: instructions 1,000 → 1,031 (+3.1%)"]


def test_system_calls_and_blocks_may_not_grow_by_one_and_a_call_that_is_seldom_made_is_no_growth() -> None:
    assert counted(recvfrom=1.2, mprotect=0.1) == []
    assert counted(recvfrom=1.5) == ["hello: recvfrom 1 → 1.5 (+50.0%)"]
    assert counted(blocks_left=1) == ["hello: blocks left 0 → 1"]


def test_a_system_call_that_is_new_has_grown() -> None:
    (found,) = differences(BUDGET, {"hello": {**BUDGET.counts["hello"], "epoll_ctl": 1.0}}, "gcc")
    assert (found.figure, found.grown) == ("epoll_ctl", True)


def test_what_is_gone_is_a_difference_and_no_growth() -> None:
    (found,) = differences(BUDGET, {"hello": {"instructions": 1000.0, "bytecodes": 100.0}}, "gcc")
    assert (found.figure, found.grown) == ("recvfrom", False)


def test_instructions_of_another_build_are_not_compared_and_the_rest_is() -> None:
    assert counted("clang", instructions=5000, bytecodes=200) == ["hello: bytecodes 100 → 200 (+100.0%)"]


def test_a_case_that_is_not_in_the_budget_is_not_compared() -> None:
    assert differences(BUDGET, {"flask 9": {"instructions": 1.0}}, "gcc") == []


def test_the_complaint_says_what_why_and_what_to_do() -> None:
    said = complaint(["hello: recvfrom 1 → 2 (+100.0%)"])
    assert said.startswith("error: ")
    assert all(word in said for word in ("hello: recvfrom 1 → 2", "Why: ", "Fix: ", "--store"))


def test_a_browsers_requests_all_differ() -> None:
    browser = next(case for case in CASES if case.name == "browser")
    assert len({browser.request(number) for number in range(200)}) == 200
