"""Which files matter, and whether they have changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from wsgiserve.reload.changes import Project, find_root


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


@pytest.mark.parametrize("mark", ["pyproject.toml", "setup.py", ".git", "manage.py"])
def test_the_root_is_the_first_directory_upwards_that_looks_like_one(mark: str, tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / mark).touch()
    assert find_root(below) == tmp_path


def test_without_any_mark_the_directory_itself_is_the_root(tmp_path: Path) -> None:
    below = tmp_path / "a"
    below.mkdir()
    if find_root(tmp_path) == tmp_path:  # unless the machine keeps its temporary files in a project
        assert find_root(below) == below


@pytest.mark.parametrize(
    "name",
    [
        *("app.py", "shop/cart.py", "fast.pyx", "fast.cpython-311.so", ".env", ".env.local", ".flaskenv"),
        *("pyproject.toml", "locale/de.po", "locale/de.mo", "shop/templates/base.html", "anywhere.jinja2"),
        *("templates/mail.txt", "shop/templates/mail/order.txt", "jinja2/feed.xml"),
    ],
)
def test_what_an_application_is_made_of_matters(name: str, tmp_path: Path) -> None:
    assert Project([tmp_path]).matters(tmp_path / name)


@pytest.mark.parametrize(
    "name",
    [
        *("notes.txt", "feed.xml", "README.md", "style.css", "app.js", "db.sqlite3", "server.log", "app.pyc"),
        *(".#app.py", "#app.py#", "app.py~", "4913", "templates/.base.html.swp"),
    ],
)
def test_other_files_do_not(name: str, tmp_path: Path) -> None:
    assert not Project([tmp_path]).matters(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "kind", "why"),
    [
        ("shop/web.py", "restart", "applications are made of such files (*.py)"),
        ("data.csv", "restart", "--reload-on *.csv names it"),
        ("shop/templates/a.html", "template", "it is a template"),
        ("templates/mail.txt", "template", "it is a template"),
        ("static/app.css", "style", "it is for browsers, which get it anew (*.css)"),
        ("static/app.js", "refresh", "it is for browsers, which get it anew (*.js)"),
        ("notes.txt", "nothing", "no rule is for such files; --reload-on '*.txt' would be one"),
        ("Makefile", "nothing", "no rule is for such files; --reload-on '*Makefile' would be one"),
        ("node_modules/a/b.py", "nothing", "node_modules and all below it is left alone"),
        ("env/lib/a.py", "nothing", "env and all below it is left alone"),
        ("local/a.py", "nothing", "local and all below it is left alone"),
        ("app.py~", "nothing", "files of that name are left alone"),
        ("settings.ini", "restart", "it was named as a file to watch"),
    ],
)
def test_what_a_change_does_has_a_reason(name: str, kind: str, why: str, tmp_path: Path) -> None:
    write(tmp_path, "env/pyvenv.cfg")
    project = Project([tmp_path, tmp_path / "settings.ini"], ignored=["local"], more=["*.csv"])
    assert project.effect(tmp_path / name) == (kind, why)
    assert project.matters(tmp_path / name) is (kind in ("restart", "template")) or "left alone" in why


def test_what_is_elsewhere_has_a_reason_too(tmp_path: Path) -> None:
    effect = Project([tmp_path / "shop"]).effect(tmp_path / "other" / "app.py")
    assert effect == ("nothing", f"it is not below {tmp_path / 'shop'}, and nothing else is watched")


def test_a_file_that_is_named_counts_whatever_its_name(tmp_path: Path) -> None:
    write(tmp_path, "config.toml")
    project = Project([tmp_path])
    assert not project.matters(tmp_path / "config.toml")
    assert project.watch(tmp_path / "config.toml")
    assert not project.watch(tmp_path / "config.toml")
    assert project.matters(tmp_path / "config.toml")


def test_patterns_to_leave_alone_may_be_of_whole_paths(tmp_path: Path) -> None:
    project = Project([tmp_path], ignored=[f"{tmp_path}/generated/*"])
    assert not project.matters(tmp_path / "generated" / "a.py")


def test_what_is_outside_of_the_roots_does_not(tmp_path: Path) -> None:
    assert not Project([tmp_path / "shop"]).matters(tmp_path / "other" / "app.py")


def test_a_root_may_be_a_file_of_any_name(tmp_path: Path) -> None:
    write(tmp_path, "settings.ini", "app.py")
    project = Project([tmp_path / "settings.ini"])
    assert project.matters(tmp_path / "settings.ini")
    assert not project.matters(tmp_path / "app.py")
    assert project.folders() == [tmp_path]


def test_more_patterns_make_more_files_matter(tmp_path: Path) -> None:
    project = Project([tmp_path], more=["*.ini", "*/data/*.csv"])
    assert project.matters(tmp_path / "settings.ini")
    assert project.matters(tmp_path / "data" / "prices.csv")
    assert not project.matters(tmp_path / "prices.csv")


def test_files_and_directories_can_be_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "app.py", "generated/a.py", "shop/generated_b.py", "shop/cart.py", "shop/local/c.py")
    project = Project([tmp_path], ignored=["generated*", "shop/local"])
    assert sorted(project.folders()) == [tmp_path, tmp_path / "shop"]
    assert sorted(project.files(project.folders())) == [tmp_path / "app.py", tmp_path / "shop" / "cart.py"]


def test_directories_in_which_nobody_works_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "shop/a.py", ".git/b.py", "node_modules/c/d.py", "my-env/pyvenv.cfg", "my-env/lib/e.py")
    write(tmp_path, "shop/__pycache__/f.py", "shop.egg-info/g.py", "media/h.py")
    assert sorted(Project([tmp_path]).folders()) == [tmp_path, tmp_path / "shop"]


def test_a_root_is_watched_whatever_it_is_called(tmp_path: Path) -> None:
    write(tmp_path, "build/app.py")
    assert Project([tmp_path / "build"]).folders() == [tmp_path / "build"]


def test_a_directory_that_is_gone_again_has_no_files(tmp_path: Path) -> None:
    project = Project([tmp_path])
    assert project.files([tmp_path / "gone"]) == []
    assert project.folders_below(tmp_path / "gone") == []


def test_a_change_is_another_content(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    project = Project([tmp_path])
    assert not project.changed(path) or not path.exists()
    path.write_text("one")
    assert project.changed(path)
    assert not project.changed(path)
    path.write_text("one")
    assert not project.changed(path)
    path.write_text("two")
    assert project.changed(path)
    path.unlink()
    assert project.changed(path)
    assert not project.changed(path)


def test_what_was_learned_need_not_be_read_before_it_is_known(tmp_path: Path) -> None:
    write(tmp_path, "app.py")
    project = Project([tmp_path])
    project.learn([tmp_path / "app.py"])
    assert not project.changed(tmp_path / "app.py")


def test_a_large_file_is_told_by_its_size_and_time(tmp_path: Path) -> None:
    path = tmp_path / "fast.so"
    path.write_bytes(b"x" * (1 << 20) + b"y")
    project = Project([tmp_path])
    project.learn([path])
    assert not project.changed(path)
    path.touch()
    assert project.changed(path)


def test_names_are_relative_to_their_root(tmp_path: Path) -> None:
    project = Project([tmp_path])
    assert project.short(tmp_path / "shop" / "cart.py") == "shop/cart.py"
    assert project.short(Path("/elsewhere/a.py")) == "/elsewhere/a.py"


def test_what_a_link_leads_to_counts_by_its_name(tmp_path: Path) -> None:
    elsewhere, inside = tmp_path / "elsewhere.txt", tmp_path / "shop" / "inside.py"
    (tmp_path / "shop").mkdir()
    links = {name: tmp_path / "shop" / name for name in ("a.py", "b.html", "c.py", "loop.py", "nowhere.py")}
    for name, target in zip(links, (elsewhere, elsewhere, inside, links["loop.py"], tmp_path / "nothing"), strict=True):
        links[name].symlink_to(target)
    for file in (elsewhere, inside):
        file.write_text("")
    project = Project([tmp_path / "shop"])
    assert not project.matters(elsewhere)
    assert project.follow(links.values()) == [elsewhere]
    assert project.follow(links.values()) == []
    assert project.matters(elsewhere)
    assert project.folders() == [tmp_path / "shop", tmp_path]
    assert project.as_named([elsewhere, inside]) == [links["a.py"], links["b.html"], inside]
    assert project.effect(elsewhere) == project.effect(links["a.py"])
