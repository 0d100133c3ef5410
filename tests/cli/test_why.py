"""``wsgiserve why FILE``: what it tells, and that it finds who imports a module."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.projects import FLASK_APP, WSGI_APP, Project
from wsgiserve import cli


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("pyproject.toml")
    project.package("shop")
    project.write("shop/web.py", "import os\nfrom . import cart\nfrom shop.money import price\n" + WSGI_APP)
    project.write("shop/cart.py", "import shop.money\nfrom shop import money as m\n")
    project.write("shop/money.py", "price = 1\n")
    project.write("tests/test_cart.py")
    return project


def why(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        cli.main(["why", *words])
    code = caught.value.code
    assert isinstance(code, int)
    return code


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("shop/cart.py", "a change reloads the application.\n  Why: it is imported as shop.cart by shop/web.py:2."),
        (
            "shop/money.py",
            "a change reloads the application.\n"
            "  Why: it is imported as shop.money by shop/cart.py:1, shop/cart.py:2, shop/web.py:3.",
        ),
        ("shop/web.py", "a change reloads the application.\n  Why: it is imported as shop.web."),
        (
            "tests/test_cart.py",
            "a change does nothing.\n"
            "  Why: shop.web:app has not imported it; it counts only while the application cannot be loaded.",
        ),
        (
            "static/shop.css",
            "a change is nothing to the application.\n"
            "  Why: it is for browsers, which get it anew (*.css); there is no such file yet.",
        ),
    ],
)
def test_what_is_told(file: str, told: str, shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert why(file, "shop.web") == 0
    assert capsys.readouterr().out == f"{file}: {told}\n"


@pytest.mark.parametrize("file", ["shop/money.py", "../elsewhere.py"])
def test_a_link_and_what_it_leads_to_are_one(file: str, shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    money = Path("shop/money.py")
    Path("../elsewhere.py").write_text(money.read_text())
    money.unlink()
    money.symlink_to("../../elsewhere.py")
    assert why(file, "shop.web") == 0
    assert capsys.readouterr().out.startswith("shop/money.py: a change reloads the application.")


def test_options_count(shop: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert why("shop/cart.py", "--watch-ignore", "cart.py", "shop.web") == 0
    assert capsys.readouterr().out == (
        "shop/cart.py: a change does nothing.\n  Why: files of that name are left alone.\n"
    )


@pytest.mark.parametrize(("debug", "effect"), [("1", "is nothing to"), ("0", "reloads")])
def test_templates_of_flask(
    debug: str, effect: str, project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", debug)
    project.write("app.py", FLASK_APP)
    project.write("templates/index.html")
    assert why("templates/index.html") == 0
    assert capsys.readouterr().out.startswith(f"templates/index.html: a change {effect} the application.\n")


def test_while_the_application_cannot_be_loaded_every_file_counts(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("app.py", "import no_such_module")
    project.write("other.py")
    assert why("other.py") == 0
    told = capsys.readouterr()
    assert told.err.startswith("error[import-failed]")
    assert told.out == (
        "other.py: a change reloads the application.\n"
        "  Why: the application cannot be loaded, and until it can every Python file counts.\n"
    )


def test_it_needs_a_file_and_a_module_of_that_name_can_be_reached(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert why() == 2
    assert "why needs a file" in capsys.readouterr().err
    project.write("why.py", WSGI_APP)
    assert why("why.py", "./why.py") == 0
    assert "it is imported as why" in capsys.readouterr().out
