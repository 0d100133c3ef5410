"""Where settings come from, which one wins, and what does not go together."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.projects import Project
from wsgiserve.config import options
from wsgiserve.errors import UserError
from wsgiserve.settings import Settings, flag_of, settle, variable_of


def settled(project: Project, flags: dict[str, Any] | None = None, **variables: str) -> Settings:
    return settle(flags or {}, variables, project.directory)


def refusal(project: Project, flags: dict[str, Any] | None = None, **variables: str) -> UserError:
    with pytest.raises(UserError) as caught:
        settled(project, flags, **variables)
    assert caught.value.exit_code == 2
    return caught.value


def write_table(project: Project, text: str, name: str = "pyproject.toml") -> None:
    project.write(name, f"[project]\nname = 'shop'\n[tool.wsgiserve]\n{text}\n[tool.other]\nport = 1\n")


def test_a_flag_goes_before_a_variable_that_before_the_file_and_that_before_the_default(project: Project) -> None:
    def port(settings: Settings) -> tuple[int, str]:
        return settings.config.port, settings.sources["port"]

    assert port(settled(project)) == (8000, "default")
    write_table(project, "port = 8001")
    assert port(settled(project)) == (8001, "pyproject.toml")
    assert port(settled(project, WSGISERVE_PORT="8002")) == (8002, "WSGISERVE_PORT")
    assert port(settled(project, {"port": 8003}, WSGISERVE_PORT="8002")) == (8003, "--port")


def test_an_empty_variable_counts_as_not_set(project: Project) -> None:
    assert settled(project, WSGISERVE_PORT="").sources["port"] == "default"


@pytest.mark.parametrize("name", options())
def test_every_option_has_a_variable_and_a_key(name: str, project: Project) -> None:
    about = options()[name]
    given: dict[str, str] = {"app": "shop", "mode": "prod", "concurrency": "single"}
    project.write("dev.env")
    given |= {"env_file": "dev.env"}
    given |= {"log_format": "json", "reload": "true", "server_timing": "false", "editor": "zed"}
    given |= {"proxy_headers": "10.0.0.0/8, unix", "proxy_protocol": "::1", "lint": "error"}
    needs = {
        "key": {"WSGISERVE_CERT": "c.pem"},
        "processes": {"WSGISERVE_CONCURRENCY": "fork"},
        "proxy_sets": {"WSGISERVE_PROXY_HEADERS": "unix"},
    }.get(name, {})
    text = given.get(name) or about.kind.show(about.default) if about.default not in (None, "") else "7"
    text = given.get(name, "/7" if name in ("script_name", "open") else text)
    by_variable = settle({}, {variable_of(name): text, **needs}, project.directory)
    assert by_variable.sources[name] == f"WSGISERVE_{name.upper()}"
    write_table(project, f'{name} = "{text}"')
    in_file = settle({}, needs, project.directory)
    assert in_file.sources[name] == "pyproject.toml"
    assert getattr(by_variable.config, name) == getattr(in_file.config, name) == about.kind.parse(text)


def test_values_of_the_file_have_toml_types(project: Project) -> None:
    write_table(project, 'host = ["::1", "10.0.0.1"]\naccess_log = false\ntimeout_head = 2.5\nmax_body = "5m"')
    config = settled(project).config
    assert (config.host, config.access_log, config.timeout_head, config.max_body) == (
        ("::1", "10.0.0.1"),
        False,
        2.5,
        5 << 20,
    )


def test_flags_are_told_as_they_are_typed() -> None:
    assert flag_of("app", "shop") == "APP"
    assert flag_of("max_body", 1) == "--max-body"
    assert (flag_of("mode", "dev"), flag_of("mode", "prod")) == ("--dev", "--prod")
    assert (flag_of("access_log", True), flag_of("access_log", False)) == ("--access-log", "--no-access-log")


# --- pyproject.toml


def test_the_nearest_file_upwards_is_read_and_the_top_of_a_repository_is_the_last_place(project: Project) -> None:
    write_table(project, "port = 8001")
    (project.directory / "a" / "b").mkdir(parents=True)
    found = settle({}, {}, project.directory / "a" / "b")
    assert (found.config.port, found.sources["port"]) == (8001, "../../pyproject.toml")
    project.write("a/.git/HEAD")
    assert settle({}, {}, project.directory / "a" / "b").config.port == 8000
    write_table(project, "port = 8002", "a/pyproject.toml")
    assert settle({}, {}, project.directory / "a" / "b").config.port == 8002


def test_without_any_file_there_are_defaults(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pathlib.Path.is_file", lambda path: False)
    assert set(settled(project).sources.values()) == {"default"}


@pytest.mark.parametrize("text", ["", "[tool]\nx = 1", "tool = 3", "[project]\nname = 'shop'"])
def test_a_file_without_our_table_says_nothing(text: str, project: Project) -> None:
    project.write("pyproject.toml", text)
    assert set(settled(project).sources.values()) == {"default"}


@pytest.mark.parametrize(
    "text",
    [
        "[tool.wsgiserve]\nport = 8001",
        "\t[ tool . 'wsgiserve' ] # ours\nport = 8001",
        '["tool"."wsgiserve"]\nport = 8001',
        '[tool."\\u0077sgiserve"]\nport = 8001',
        "[tool]\nwsgiserve.port = 8001",
        "tool = {wsgiserve = {port = 8001}}",
        "tool.wsgiserve.port = 8001",
        "tool.wsgiserve = {port = 8001}",
        "[tool.black]\r\n[tool.wsgiserve]\r\nport = 8001",
    ],
)
def test_our_table_is_found_in_whichever_way_it_is_written(text: str, project: Project) -> None:
    project.write("pyproject.toml", text)
    assert settled(project).config.port == 8001


def test_what_is_wrong_in_a_file_without_our_table_keeps_nobody_from_serving(project: Project) -> None:
    project.write("pyproject.toml", "[project]\ndependencies = ['wsgiserve'\n[tool.black]\n")
    assert set(settled(project).sources.values()) == {"default"}


def test_an_unknown_key_is_refused_with_its_line_and_the_key_that_was_meant(project: Project) -> None:
    write_table(project, "host = '::1'\nprot = 1")
    error = refusal(project)
    assert (error.slug, error.what) == ("bad-config", 'pyproject.toml [tool.wsgiserve]: unknown key "prot".')
    assert (error.why, error.fix) == ("line 5", 'did you mean "port"?')


def test_an_unknown_key_like_no_other_is_refused_too(project: Project) -> None:
    write_table(project, "xyzzy = 1")
    assert refusal(project).fix == "wsgiserve --show-config lists the keys."


def test_a_key_of_another_table_has_another_line(project: Project) -> None:
    project.write("pyproject.toml", "[tool.other]\nprot = 1\n[tool.wsgiserve]\n'prot' = 2")
    assert refusal(project).why == "line 4"


def test_a_key_that_is_written_in_a_rare_way_is_refused_without_a_line(project: Project) -> None:
    project.write("pyproject.toml", "[tool]\nwsgiserve = {prot = 1}")
    assert refusal(project).why == ""


def test_a_value_that_an_option_does_not_take_is_refused_with_its_line(project: Project) -> None:
    write_table(project, "port = 'x'")
    error = refusal(project)
    assert error.what == "pyproject.toml [tool.wsgiserve]: port takes a whole number from 0 to 65535, not 'x'."
    assert error.why == "line 4"


def test_a_table_that_is_none_is_refusal(project: Project) -> None:
    project.write("pyproject.toml", "[tool]\nwsgiserve = 1")
    assert refusal(project).what == "pyproject.toml [tool.wsgiserve]: is not a table."


def test_a_file_that_is_not_toml_is_refusal(project: Project) -> None:
    project.write("pyproject.toml", "[tool.wsgiserve\n")
    error = refusal(project)
    assert (error.slug, error.what) == ("bad-config", "pyproject.toml cannot be read.")
    assert "line 1" in error.why


def test_a_file_that_is_not_utf_8_is_refusal(project: Project) -> None:
    (project.directory / "pyproject.toml").write_bytes(b"# \xff\n")
    assert refusal(project).what == "pyproject.toml cannot be read."


@pytest.mark.parametrize(
    ("variable", "hint"),
    [("WSGISERVE_PROT", "did you mean WSGISERVE_PORT?"), ("WSGISERVE_XYZZY", "wsgiserve --help lists the options.")],
)
def test_a_variable_of_no_option_is_told_and_left_aside(variable: str, hint: str, project: Project) -> None:
    project.write("dev.env", "WSGISERVE_HSOT=::1")
    found = settle({"env_file": "dev.env"}, {variable: "1", "WSGISERVE_POTR": ""}, project.directory)
    assert found.config.port == 8000
    assert found.notes == (
        "WSGISERVE_HSOT is the variable of no option: did you mean WSGISERVE_HOST?",
        f"{variable} is the variable of no option: {hint}",
    )


def test_the_variables_of_the_project_itself_are_known(project: Project) -> None:
    root = Path(__file__).parents[2]
    folders = ("wsgiserve", "tests", "sample_apps", "benchmarks")
    files = [file for folder in folders for file in root.glob(f"{folder}/**/*.py") if file != Path(__file__)]
    texts = [file.read_text() for file in files]
    ours = {name for text in texts for name in re.findall(r"\bWSGISERVE_[A-Z_]*[A-Z]\b", text)}
    others = ours - {variable_of(name) for name in options()}
    assert "WSGISERVE_TEST_ALL" in others
    assert settle({}, dict.fromkeys(others, "1"), project.directory).notes == ()


@pytest.mark.parametrize("name", ["wsgiserv", "wsgi-serve", "WSGIServe", "wsgisevre"])
def test_a_table_that_is_nearly_ours_is_told(name: str, project: Project) -> None:
    project.write("pyproject.toml", f"[tool.{name}]\nport = 1")
    assert settled(project).config.port == 8000
    assert settled(project).notes == (f"pyproject.toml [tool.{name}] is not read: did you mean [tool.wsgiserve]?",)


@pytest.mark.parametrize("name", ["wsgi", "uwsgi", "serve", "gunicorn"])
def test_a_table_of_another_program_is_nothing_to_tell_of(name: str, project: Project) -> None:
    project.write("pyproject.toml", f"[tool.{name}]\nport = 1\n[tool.wsgiserve]\nport = 2")
    assert (settled(project).config.port, settled(project).notes) == (2, ())


def test_a_variable_that_an_option_does_not_take_is_refusal(project: Project) -> None:
    error = refusal(project, WSGISERVE_PORT="many")
    assert error.what == "WSGISERVE_PORT takes a whole number from 0 to 65535, not 'many'."
    assert error.fix == "change or unset WSGISERVE_PORT."


# --- what does not go together


@pytest.mark.parametrize(
    ("one", "other"),
    [("uds", "fd"), ("uds", "host"), ("uds", "port"), ("fd", "host"), ("fd", "port")],
)
def test_two_places_to_listen_on_exclude_each_other(one: str, other: str, project: Project) -> None:
    values: dict[str, Any] = {"uds": "s", "fd": 3, "host": ("::1",), "port": 80}
    error = refusal(project, {name: values[name] for name in (one, other)})
    assert error.what == f"--{one} and --{other} exclude each other."


@pytest.mark.parametrize("other", ["cert", "key"])
def test_a_certificate_of_the_authority_and_another_exclude_each_other(other: str, project: Project) -> None:
    error = refusal(project, {"tls": True, other: "dev.pem"})
    assert error.what == f"--tls and --{other} exclude each other."
    assert error.fix == "--tls brings a certificate and a key of its own; leave one out."


def test_no_tls_excludes_nothing(project: Project) -> None:
    config = settled(project, {"tls": False, "cert": "dev.pem"}).config
    assert (config.tls, config.cert) == (False, "dev.pem")


def test_a_stronger_place_overrules_which_certificate_a_weaker_one_wants(project: Project) -> None:
    write_table(project, 'cert = "dev.pem"\nkey = "dev.key"')
    config = settled(project, {"tls": True}).config
    assert (config.tls, config.cert, config.key) == (True, None, None)
    write_table(project, "tls = true")
    config = settled(project, {"cert": "dev.pem"}).config
    assert (config.tls, config.cert) == (False, "dev.pem")
    assert settled(project, {"tls": False}).config.tls is False


def test_a_stronger_place_overrules_where_a_weaker_one_listens(project: Project) -> None:
    write_table(project, 'port = 8001\nhost = "0.0.0.0"')
    settings = settled(project, {"uds": "s"})
    assert (settings.config.uds, settings.config.port) == ("s", 8000)
    assert (settings.sources["port"], settings.sources["host"]) == ("default", "default")
    write_table(project, 'uds = "s"')
    settings = settled(project, WSGISERVE_PORT="8002")
    assert (settings.config.uds, settings.config.port) == (None, 8002)


def test_two_places_in_the_file_are_told_by_their_keys(project: Project) -> None:
    write_table(project, 'uds = "s"\nfd = 3')
    assert refusal(project).what == '"uds" in pyproject.toml and "fd" in pyproject.toml exclude each other.'


@pytest.mark.parametrize(
    ("flags", "what"),
    [
        ({"processes": 2}, "--processes goes with --concurrency fork only."),
        ({"processes": 2, "concurrency": "thread"}, "--processes goes with --concurrency fork only."),
        ({"threads": 2, "concurrency": "fork"}, "--threads goes with --concurrency pool only."),
        ({"key": "k"}, "--key goes with --cert FILE only."),
        ({"key": "k", "cert": "adhoc"}, "--key goes with --cert FILE only."),
        ({"proxy_sets": ("host",)}, "--proxy-sets goes with --proxy-headers CIDR only."),
        (
            {"proxy_headers": ("unix",), "proxy_sets": ("forwarded", "for")},
            "--proxy-sets: forwarded stands alone.",
        ),
    ],
)
def test_an_option_that_would_say_nothing_is_refused(flags: dict[str, Any], what: str, project: Project) -> None:
    assert refusal(project, flags).what == what


@pytest.mark.parametrize(
    "flags",
    [
        {"processes": 2, "concurrency": "fork"},
        {"threads": 2, "concurrency": "pool"},
        {"threads": 2},
        {"key": "k", "cert": "c"},
        {"proxy_headers": ("unix",), "proxy_sets": ("forwarded",)},
    ],
)
def test_an_option_that_says_something_is_taken(flags: dict[str, Any], project: Project) -> None:
    config = settled(project, flags).config
    assert {name: getattr(config, name) for name in flags} == flags


def test_a_stronger_place_overrules_what_depends_on_a_weaker_one(project: Project) -> None:
    write_table(project, 'concurrency = "fork"\nprocesses = 8')
    settings = settled(project, {"concurrency": "thread"})
    assert (settings.config.concurrency, settings.config.processes) == ("thread", 40)
    assert settings.sources["processes"] == "default"
    assert refusal(project, {"threads": 3}).what == "--threads goes with --concurrency pool only."


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"WSGISERVE_MODE": "prod"}, "WSGISERVE_MODE says so"),
        ({"WSGISERVE_HOST": "0.0.0.0"}, "other machines can connect"),
        ({"LISTEN_PID": str(os.getpid())}, "started by systemd"),
    ],
)
def test_the_debugger_is_refused_in_production(variables: dict[str, str], reason: str, project: Project) -> None:
    error = refusal(project, {"debugger": True}, **variables)
    assert error.what == f"--debugger goes with development only, and this is production: {reason}."
    assert settled(project, {"debugger": True, "mode": "dev"}, **variables).config.debugger


def test_the_debugger_goes_with_one_worker_which_is_all_that_the_reloader_runs(project: Project) -> None:
    given = {"debugger": True, "workers": 2, "reload": False}
    error = refusal(project, given)
    assert error.what == "--debugger goes with one worker only, not with 2."
    assert settled(project, given | {"reload": True}).config.workers == 2


def test_the_debugger_needs_the_process_that_met_the_error(project: Project) -> None:
    error = refusal(project, {"debugger": True, "concurrency": "fork"})
    assert error.what == "--debugger goes with --concurrency pool, thread or single only."
