"""What the messages say, word for word: one file of ``golden/`` for each, compared whole."""

from __future__ import annotations

import ast
import errno
import inspect
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import wsgiserve
from tests.cli.certificates import write_pair
from tests.cli.projects import Project, in_project
from wsgiserve import messages
from wsgiserve.config import Config
from wsgiserve.errors import UserError
from wsgiserve.holder import Holder
from wsgiserve.importer import load
from wsgiserve.listening import load_certificate, open_listeners
from wsgiserve.messages import listening
from wsgiserve.reload.hints import no_events, reload_hung, watch_limit
from wsgiserve.server.hints import (
    HTTP_ON_HTTPS,
    NO_PROCESS,
    NO_THREAD,
    TLS_ON_HTTP,
    Hint,
    host_refused,
    threads_exhausted,
)
from wsgiserve.settings import settle

GOLDEN = Path(__file__).with_name("golden")

HOME = "/home/a/src/shop"

# Messages whose words depend on what they are given, and nothing else.
PLAIN: dict[str, Callable[[], UserError]] = {
    "module-not-found": lambda: messages.module_not_found(
        "shop.wev", HOME, [".", "./src", "site-packages"], "shop.web"
    ),
    "module-not-found-and-none-near": lambda: messages.module_not_found("blog", HOME, [".", "site-packages"], ""),
    "module-hidden": lambda: messages.module_hidden("site", "site.py", "/usr/lib/python3.11/site.py"),
    "attribute-not-found": lambda: messages.attribute_not_found(
        "shop.web", "ap", [("app", "Flask"), ("create_app", "function")]
    ),
    "attribute-not-found-and-nothing-there": lambda: messages.attribute_not_found("shop", "app", []),
    "app-died": lambda: messages.app_died("SIGSEGV"),
    "no-app-found": lambda: messages.no_app_found("shop.models"),
    "no-app-of-flask": lambda: messages.no_flask_app(
        "Failed to find Flask application or factory in module 'shop'. Use 'shop:name' to specify one."
    ),
    "module-not-found-by-flask": lambda: messages.no_flask_module("Could not import 'shop'."),
    "django-checks": lambda: messages.django_checks(
        "SystemCheckError: System check identified some issues:\n\nERRORS:\n?: (urls.E004) Your URL pattern 'cart' is"
        " invalid."
    ),
    "no-app-named": lambda: messages.no_app_named(["FLASK_APP", "wsgi.py", "app.py"]),
    "many-apps": lambda: messages.many_apps("site", ["public", "admin"]),
    "many-modules": lambda: messages.many_modules(["blog.wsgi", "shop.wsgi"]),
    "factory-needs-args": lambda: messages.factory_needs_args(
        "create_app", ["config"], "(config, *, debug=False)", "shop/web.py:14", 'shop.web:create_app("dev")'
    ),
    "factory-needs-two-args": lambda: messages.factory_needs_args(
        "create_app", ["host", "port"], "(host, port)", "shop/web.py:14", 'shop.web:create_app("dev", "dev")'
    ),
    "factory-returned-none": lambda: messages.factory_returned_none("create_app", "shop/web.py:14–22", returns=False),
    "factory-returned-none-this-time": lambda: messages.factory_returned_none(
        "create_app", "shop/web.py:14–22", returns=True
    ),
    "asgi-app": lambda: messages.asgi_app("shop.api:app", "FastAPI"),
    "asgi-app-of-a-factory": lambda: messages.asgi_app("shop.api:make_app()", ""),
    "not-callable": lambda: messages.not_callable("shop.web:app", "module", "shop.web.app:app"),
    "not-callable-either": lambda: messages.not_callable("shop.web:app", "str", ""),
    "address-not-here": lambda: messages.address_not_here("192.168.1.50", ["127.0.0.1", "::1", "192.168.1.23"]),
    "address-not-here-unknown-name": lambda: messages.name_not_found("shop.test"),
    "address-not-here-nor-any": lambda: messages.address_not_here("192.168.1.50", []),
    "tls-extra": lambda: messages.tls_extra("--tls"),
    "tls-host": lambda: messages.tls_host("192.168.1.23"),
    "tls-folder": lambda: messages.tls_folder(
        "/home/a/.local/share/wsgiserve/tls", PermissionError(13, "Permission denied")
    ),
    "mkcert-failed": lambda: messages.mkcert_failed(
        "mkcert says: ERROR: failed to read the CA key", ["mkcert", "localhost", "127.0.0.1", "::1"]
    ),
    "trust-store": lambda: messages.trust_store(
        ["/home/a/.pki/nssdb"], "certutil: No such file or directory", "certutil -A -i root.pem", missing="certutil"
    ),
    "trust-store-of-the-system": lambda: messages.trust_store(
        ["/usr/local/share/ca-certificates"],
        "sudo says: sudo: 3 incorrect password attempts",
        "sudo update-ca-certificates",
    ),
    "trust-store-nowhere": lambda: messages.no_trust_store("/home/a/.local/share/wsgiserve/tls/root.pem"),
    "unknown-option": lambda: messages.unknown_option("--realod", ["--port", "--reload", "--factory"]),
    "unknown-option-and-none-near": lambda: messages.unknown_option("--xyzzy", ["--port", "--reload"]),
    "bad-option": lambda: messages.bad_option("--port takes a whole number from 0 to 65535, not 'x'."),
    "bad-config": lambda: messages.bad_config("pyproject.toml", 'unknown key "prot".', 31, 'did you mean "port"?'),
    "bad-config-line-unknown": lambda: messages.bad_config(
        "pyproject.toml", "is not a table.", None, "write [tool.wsgiserve], and options below it."
    ),
    "unreadable-config": lambda: messages.unreadable_config(
        "pyproject.toml", ValueError("Expected '=' after a key in a key/value pair (at line 3, column 7)")
    ),
    "env-file": lambda: messages.env_file_unreadable(
        ".env", UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
    ),
    "dotenv-extra": lambda: messages.dotenv_extra(),
    "internal-error": lambda: messages.internal_error(ZeroDivisionError("division by zero")),
}

Case = Callable[[Project, pytest.MonkeyPatch], UserError]
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    """Messages that look around before they say something."""
    CASES[function.__name__.replace("_", "-")] = function
    return function


def refusal(app: str) -> UserError:
    with pytest.raises(UserError) as caught:
        load(app)
    return caught.value


def held_by(holder: Holder | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "port_holder", lambda host, port: holder)
    monkeypatch.setattr(sys, "platform", "linux")


@case
def port_in_use(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    held_by(Holder(41233, "python manage.py runserver"), monkeypatch)
    return messages.port_in_use("127.0.0.1", 8000, ["wsgiserve", "shop.web:app"])


@case
def port_in_use_by_somebody(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    held_by(None, monkeypatch)
    return messages.port_in_use("127.0.0.1", 8000, ["wsgiserve", "-p", "8000", "shop.web:app"])


@case
def port_in_use_by_airplay(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    held_by(None, monkeypatch)
    monkeypatch.setattr(sys, "platform", "darwin")
    return messages.port_in_use("127.0.0.1", 5000, ["wsgiserve", "shop.web:app", "--port=5000"])


@case
def port_denied(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "executable", "/path/python")
    return messages.port_denied(80)


@case
def port_denied_above_1024(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    return messages.port_denied(9000)


@case
def watch_path(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    project.write("templates/base.html", "")
    return messages.watch_path("./templats")


@case
def watch_path_and_none_near(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    return messages.watch_path("elsewhere")


def without_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an environment into which nothing was installed."""
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if "site-packages" not in entry])
    for name in [name for name in sys.modules if name.partition(".")[0] in ("redis", "yaml")]:
        monkeypatch.delitem(sys.modules, name)


@case
def import_failed(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    without_packages(monkeypatch)
    monkeypatch.setattr(sys, "executable", f"{HOME}/.venv/bin/python")
    project.package("shop")
    project.write("shop/web.py", "from shop import cache")
    project.write("shop/cache.py", "import os\nimport sys\nimport redis\n")
    return refusal("shop.web")


@case
def import_failed_in_another_venv(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    without_packages(monkeypatch)
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    project.write(".venv/pyvenv.cfg")
    project.package("shop")
    project.write("shop/web.py", "from shop import cache")
    project.write("shop/cache.py", "import os\nimport sys\nimport yaml\n")
    return refusal("shop.web")


@case
def import_failed_otherwise(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    project.package("shop")
    project.write("shop/web.py", "import sys\nfrom shop import settings\n")
    project.write("shop/settings.py", 'import os\n\nDATABASE = os.environ["SHOP_DATABASE"]\n')
    return refusal("shop.web")


@case
def factory_failed(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    project.package("shop")
    project.write("shop/web.py", "import os\n\n\ndef create_app():\n    raise RuntimeError\n")
    return refusal("shop.web")


@case
def app_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    project.package("shop")
    project.write("shop/web.py", "#\n" * 41 + "app = Flask(__name__\n")
    return refusal("shop.web")


def listening_refusal(config: Config) -> UserError:
    with pytest.raises(UserError) as caught:
        open_listeners(config, ["wsgiserve"])
    return caught.value


@case
def env_file_missing(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    project.write(".env.dev")
    with pytest.raises(UserError) as caught:
        settle({"env_file": ".env.dve"}, {}, project.directory)
    return caught.value


@case
def cannot_listen(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    def bind_hosts(*args: Any, **kwargs: Any) -> list[socket.socket]:
        raise OSError(errno.EMFILE, "Too many open files", "127.0.0.1")

    monkeypatch.setattr("wsgiserve.listening.bind_hosts", bind_hosts)
    return listening_refusal(Config())


@case
def uds_denied(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind("shop.sock")
        other.listen()
        return listening_refusal(Config(uds="shop.sock"))


@case
def bad_fd(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    return listening_refusal(Config(fd=999_999))


def certificate_refusal(key: str | None = "key.pem") -> UserError:
    with pytest.raises(UserError) as caught:
        load_certificate(Config(cert="dev.pem", key=key))
    return caught.value


@case
def bad_certificate_missing(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    return certificate_refusal()


@case
def bad_certificate_not_pem(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    write_pair("dev.pem", "key.pem")
    project.write("dev.pem", "MIIB")
    return certificate_refusal()


@case
def bad_certificate_other_key(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    write_pair("dev.pem", "lost.pem")
    write_pair("other.pem", "key.pem")
    return certificate_refusal()


@case
def bad_certificate_expired(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    write_pair("dev.pem", "key.pem", end=datetime(2026, 10, 1, 12, tzinfo=UTC))
    return certificate_refusal()


@case
def bad_certificate_encrypted(project: Project, monkeypatch: pytest.MonkeyPatch) -> UserError:
    write_pair("dev.pem", "key.pem", password=b"open sesame")
    return certificate_refusal()


@pytest.mark.parametrize("name", PLAIN)
def test_a_message_says_what_its_golden_file_says(name: str) -> None:
    assert messages.render(PLAIN[name]()) == (GOLDEN / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", CASES)
def test_a_message_about_what_it_found_says_what_its_golden_file_says(
    name: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert messages.render(CASES[name](project, monkeypatch)) == (GOLDEN / f"{name}.txt").read_text()


HINTS = [
    HTTP_ON_HTTPS,
    TLS_ON_HTTP,
    NO_THREAD._replace(why="the system says: can't start new thread."),
    threads_exhausted(8, 5.0, 3, "GET /report, 14 s, in shop/report.py:31  time.sleep(20)"),
    host_refused("shop.test"),
    watch_limit("8192", "/home/a/src/shop", 19_204),
    no_events("/home/a/src/shop", "9p", 300),
    reload_hung(["GET /events", "GET /report"], 2.0),
    NO_PROCESS._replace(why="the system says: Resource temporarily unavailable."),
]


@pytest.mark.parametrize("hint", HINTS)
def test_a_hint_of_the_running_server_says_what_its_golden_file_says(hint: Hint) -> None:
    assert f"{hint.what}\n  Why: {hint.why}\n  Fix: {hint.fix}\n" == (GOLDEN / f"{hint.slug}.txt").read_text()


def test_every_golden_file_belongs_to_a_test() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == {*PLAIN, *CASES, *(hint.slug for hint in HINTS)}


def test_every_message_has_a_golden_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: set[str] = set()
    called: set[str] = set()
    for name, function in inspect.getmembers(messages, inspect.isfunction):
        if inspect.signature(function).return_annotation == "UserError":
            made.add(name)
            monkeypatch.setattr(messages, name, noting(called, function))
    for plain in PLAIN.values():
        plain()
    for name, looking in CASES.items():
        (tmp_path / name).mkdir()
        with in_project(tmp_path / name) as project, pytest.MonkeyPatch.context() as patch:
            looking(project, patch)
    assert called == made


def test_every_slug_has_a_golden_file() -> None:
    texts = [file.read_text() for file in GOLDEN.iterdir()]
    shown = {text.partition("]")[0].removeprefix("error[") for text in texts if text.startswith("error[")}
    assert shown == {slug for slug, _ in user_errors()}


def noting(called: set[str], function: Callable[..., UserError]) -> Callable[..., UserError]:
    def note(*args: Any, **kwargs: Any) -> UserError:
        called.add(function.__name__)
        return function(*args, **kwargs)

    return note


def test_every_message_says_what_to_do() -> None:
    for file in GOLDEN.iterdir():
        assert "\n  Fix: " in file.read_text(), file.name
    for slug, call in user_errors():
        fix = {keyword.arg: keyword.value for keyword in call.keywords}["fix"]
        assert not isinstance(fix, ast.Constant) or fix.value, slug


def user_errors() -> list[tuple[str, ast.Call]]:
    """The slug, and the call, of every UserError that is made anywhere."""
    found = []
    for file in Path(wsgiserve.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "UserError":
                slug = node.args[0]
                if isinstance(slug, ast.Starred):  # of another process, which has made it
                    continue
                assert isinstance(slug, ast.Constant), f"{file.name}:{node.lineno}"
                found.append((str(slug.value), node))
    return found


def test_only_the_first_word_is_coloured() -> None:
    error = messages.no_app_found("shop")
    plain, colored = messages.render(error), messages.render(error, color=True)
    assert colored == plain.replace("error[no-app-found]", "\x1b[1;31merror[no-app-found]\x1b[0m", 1)


def test_a_missing_part_of_a_package_that_is_there_is_not_for_pip_to_install(project: Project) -> None:
    project.package("shop")
    project.write("shop/web.py", "import shop.cache")
    error = refusal("shop.web")
    assert error.what == "importing \"shop.web\" raised ModuleNotFoundError: No module named 'shop.cache'."
    assert error.fix == "mend that line; --full-traceback shows every frame."


def test_a_syntax_error_without_a_line_is_told_without_one() -> None:
    assert messages.app_error(SyntaxError("source code cannot contain null bytes")).what == (
        "?: SyntaxError: source code cannot contain null bytes"
    )


@pytest.mark.parametrize(
    "argv",
    [["app", "-p", "80"], ["-p80", "app"], ["--port", "80", "app"], ["--port=80", "app"], ["app"]],
)
def test_the_command_with_another_port_is_the_users_own(argv: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    held_by(None, monkeypatch)
    fix = messages.port_in_use("::1", 80, ["wsgiserve", *argv]).fix
    assert fix == "stop it, or use another port:  wsgiserve app --port 81"


def test_what_a_shell_would_read_otherwise_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    held_by(None, monkeypatch)
    fix = messages.port_in_use("::1", 80, ["wsgiserve", 'shop:create_app("dev")', "--prod"]).fix
    assert fix.endswith("wsgiserve 'shop:create_app(\"dev\")' --prod --port 81")


def test_there_is_no_port_above_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    held_by(None, monkeypatch)
    assert messages.port_in_use("::1", 65535, ["wsgiserve", "app"]).fix.endswith("wsgiserve app --port 8000")


def test_a_name_like_no_other_is_answered_with_the_first_that_is_there() -> None:
    assert messages.attribute_not_found("shop", "xyzzy", [("app", "Flask"), ("make", "function")]).fix == (
        "wsgiserve shop:app"
    )


@pytest.mark.parametrize(("platform", "port"), [("linux", 5000), ("darwin", 8000)])
def test_airplay_is_named_only_where_it_may_be(platform: str, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    held_by(None, monkeypatch)
    monkeypatch.setattr(sys, "platform", platform)
    assert "AirPlay" not in messages.port_in_use("127.0.0.1", port, ["wsgiserve"]).fix


@pytest.mark.parametrize(("port", "privileged"), [(1023, True), (1024, False)])
def test_a_port_below_1024_is_one_that_needs_rights(port: int, privileged: bool) -> None:
    assert ("1024" in messages.port_denied(port).why) is privileged
