"""The data of the benchmark names what is there."""

from __future__ import annotations

from importlib import import_module

import pytest

from benchmarks.cases import CASES, CURVE_SERVERS, FAMILIES, METRICS, Case
from benchmarks.environment import ROOT
from benchmarks.servers import SERVERS, CannotError, Order, Server
from benchmarks.targets import TARGETS

NAMES = [case.name for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_case_names_a_driver_a_script_metrics_and_a_family(case: Case) -> None:
    assert callable(import_module(f"benchmarks.drivers.{case.driver}").measure)
    assert (ROOT / "benchmarks" / "wrk" / f"{case.script}.lua").exists()
    assert set(case.metrics) <= METRICS.keys()
    assert case.family in {"", *(family.name for family in FAMILIES)}


def test_names_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert len({server.name for server in SERVERS}) == len(SERVERS)


def test_targets_and_curves_are_about_what_is_measured() -> None:
    assert {target.case for target in TARGETS} <= set(NAMES)
    assert {target.metric for target in TARGETS} <= METRICS.keys()
    assert set(CURVE_SERVERS) <= {server.name for server in SERVERS}


def test_a_limit_takes_only_cases_whose_answer_is_constant() -> None:
    limits = [server for server in SERVERS if server.kind == "limit"]
    taken = {case.name for case in CASES if not case.family and any(case.takes(limit) for limit in limits)}
    assert taken == {"hello-1", "hello-32", "hello-256", "browser", "close"}


@pytest.mark.parametrize("server", [server for server in SERVERS if server.kind != "limit"], ids=lambda each: each.name)
def test_a_command_has_the_application_and_the_port(server: Server) -> None:
    argv = " ".join(server.argv(Order(port=4321)))
    assert "4321" in argv
    assert "benchmarks.apps" in argv


@pytest.mark.parametrize("order", [Order(tls=True), Order(log=True)])
def test_what_a_server_does_not_have_is_refused(order: Order) -> None:
    (waitress,) = (server for server in SERVERS if server.name == "waitress")
    with pytest.raises(CannotError, match="waitress has no"):
        waitress.argv(order)
