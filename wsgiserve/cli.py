"""The command ``wsgiserve``, and its words: click's parameters made from the options by a loop, and what was typed.

Knows what an ``Option`` is, and none by name but APP. click stays in this module, and so do its errors. What is done
about the words is the business of ``command.py``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn

from wsgiserve import messages
from wsgiserve.command import Command
from wsgiserve.config import options
from wsgiserve.lazy import LazyModule
from wsgiserve.options import Option
from wsgiserve.words import flag_named, read_usual

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem
else:
    click = LazyModule("click")  # see words.py

__all__ = ["CommandLine", "Given", "GivenCheck", "GivenTLS", "main"]

_ABOUT = """Serve a WSGI application.

APP is MODULE, MODULE:NAME, MODULE:FACTORY(...) or FILE[:NAME]. Without it, wsgiserve looks for [tool.wsgiserve] in
pyproject.toml, FLASK_APP, wsgi.py, app.py, and a Django project.

"wsgiserve why FILE [OPTIONS] [APP]" tells what a change of a file would do, and why.

"wsgiserve check [APP]" asks the application for a page or more and tells what is wrong with its answers.

"wsgiserve tls [status|install|remove]" is about the local authority for --tls.

"wsgiserve conform" tests this server, or others, against the standards."""

_EPILOG = """Every option can also be set by a variable WSGISERVE_<NAME> and as a key of [tool.wsgiserve] in
pyproject.toml; a flag goes before a variable, and that before the file."""

_WIDTH = 80

# Set by the scripts that click makes for shells.
_COMPLETE = "_WSGISERVE_COMPLETE"

Wish = Literal["help", "version", "show_config"]

# What may be wished for in place of a server, the strongest first.
_WISHES: Mapping[Wish, tuple[tuple[str, ...], str]] = {
    "help": (("-h", "--help"), "Print this and exit."),
    "version": (("--version",), "Print the version and exit."),
    "show_config": (("--show-config",), "Print every option, its value and where it comes from, and exit."),
}


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit.

    Args:
        argv: without the program; that of this process by default.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    line = CommandLine(options())
    if os.environ.get(_COMPLETE):
        sys.exit(line.complete(os.environ[_COMPLETE]))
    if words[:1] == ["why"]:
        sys.exit(Command(line, words[2:]).why(*words[1:2]))
    if words[:1] == ["check"]:
        sys.exit(Command(line, words[1:]).check())
    if words[:1] == ["conform"]:
        sys.exit(Command(line, words[1:]).conform())
    if words[:1] == ["tls"]:
        sys.exit(Command(line, words[1:]).tls())
    sys.exit(Command(line, words).exit_code())


class Given(NamedTuple):
    """What was typed."""

    values: Mapping[str, Any]
    """Parsed values of the options that were given, by name."""
    wants: Wish | None
    """What to do instead of serving."""


class GivenTLS(NamedTuple):
    """What was typed behind ``wsgiserve tls``."""

    word: str
    only: Sequence[str]
    yes: bool
    help: str
    """What to print instead, if it was asked for."""


class GivenCheck(NamedTuple):
    """What was typed behind ``wsgiserve check``."""

    values: Mapping[str, Any]
    """Parsed values of the options about the application, by name."""
    paths: Sequence[str]
    ignored: Sequence[str]
    help: str
    """What to print instead, if it was asked for."""


@cache
def _tls_command() -> click.Command:
    """``wsgiserve tls``."""
    return click.Command(
        "wsgiserve tls",
        help="The local authority whose certificates --tls serves with: what it is and who trusts it; make browsers "
        "and the system trust it; take it away.",
        params=[
            click.Argument(["word"], type=click.Choice(["status", "install", "remove"]), default="status"),
            click.Option(
                ["--only"],
                type=click.Choice(["system", "browsers"]),
                multiple=True,
                help="The system's list of authorities, or those of browsers; both by default.",
            ),
            click.Option(["-y", "--yes"], is_flag=True, help="Ask nothing."),
            click.Option(["help", "-h", "--help"], is_flag=True, help="Print this and exit."),
        ],
        add_help_option=False,
    )


@cache
def _conform_command() -> click.Command:
    """``wsgiserve conform``."""
    return click.Command(
        "wsgiserve conform",
        help="Test a server against PEP 3333, RFC 9110 and RFC 9112: this one in every mode, others that are "
        "installed, or any that serves wsgiserve.conform:probe. CASES are ids or patterns, such as host or "
        "'chunks/*-lf'. Exit code 6 if a MUST fails.",
        params=[
            click.Argument(["cases"], nargs=-1),
            click.Option(
                ["--server", "servers"],
                multiple=True,
                metavar="NAME",
                help="own, peers, all, or a name; may be repeated.",
            ),
            click.Option(["--target"], default="", metavar="URL", help="A server that runs: http, https or unix:PATH."),
            *(
                click.Option([f"--{kind}"], type=click.Path(path_type=Path), metavar="FILE", help=f"Report as {name}.")
                for kind, name in (
                    ("json", "JSON"),
                    ("junit", "JUnit's XML"),
                    ("html", "a page"),
                    ("markdown", "Markdown"),
                )
            ),
            click.Option(
                ["--seconds"],
                type=click.FloatRange(min=0, min_open=True),
                default=2.0,
                show_default=True,
                help="How long a server may take for anything.",
            ),
            click.Option(["--list", "lists"], is_flag=True, help="Say which cases there are, and exit."),
            click.Option(
                ["--bytes", "shows_bytes"],
                is_flag=True,
                help="Tell what was said where a case failed, and why it matters.",
            ),
            click.Option(["help", "-h", "--help"], is_flag=True, help="Print this and exit."),
        ],
        add_help_option=False,
    )


class CommandLine:
    """The command ``wsgiserve`` with these options, and APP as its only argument.

    Args:
        options: by name; the one called "app" is the argument.
    """

    def __init__(self, options: Mapping[str, Option]) -> None:
        self._options = options
        self._words: Sequence[str] = ()

    @cached_property
    def _command(self) -> click.Command:
        parameters = [_parameter(name, about) for name, about in self._options.items()]
        wishes = [click.Option([name, *flags], is_flag=True, help=text) for name, (flags, text) in _WISHES.items()]
        return click.Command("wsgiserve", params=[*parameters, *wishes], add_help_option=False)

    def parse(self, argv: Sequence[str]) -> Given:
        """Read the words.

        Raises:
            UserError: an unknown option, a value that an option does not take, more than one APP.
        """
        self._words = argv
        words = list(self._with_values(argv))
        typed, wants = read_usual(self._options, words), None
        if typed is None:
            context = _read(self._command, words)
            wants = next((wish for wish in _WISHES if context.params[wish]), None)
            typed = {} if wants in ("help", "version") else _typed(context, self._options)
        return Given({name: self._value(name, value) for name, value in typed.items()}, wants)

    def parse_check(self, argv: Sequence[str]) -> GivenCheck:
        """Read what follows ``wsgiserve check``.

        Raises:
            UserError: an option that it does not take, or a value.
        """
        group = self._options["app"].group
        names = [name for name, about in self._options.items() if about.group == group]
        command = _check_command([_parameter(name, self._options[name]) for name in names])
        context = _read(command, argv)
        given = context.params
        values = {name: self._value(name, value) for name, value in _typed(context, names).items()}
        return GivenCheck(values, given["paths"], given["ignored"], command.get_help(context) if given["help"] else "")

    def parse_tls(self, argv: Sequence[str]) -> GivenTLS:
        """Read what follows ``wsgiserve tls``.

        Raises:
            UserError: a word or an option that it does not take.
        """
        context = _read(_tls_command(), argv)
        given = context.params
        return GivenTLS(given["word"], given["only"], given["yes"], context.get_help() if given["help"] else "")

    def parse_conform(self, argv: Sequence[str]) -> tuple[dict[str, Any], str]:
        """Read what follows ``wsgiserve conform``: its parameters, and what to print instead if that was asked for.

        Raises:
            UserError: an option that it does not take, or a value.
        """
        context = _read(_conform_command(), argv)
        given = dict(context.params)
        return given, context.get_help() if given.pop("help") else ""

    def complete(self, instruction: str) -> int:
        """Answer a shell that completes a command line; the exit code."""
        from wsgiserve.completion import answer

        return answer(self._command, _COMPLETE, instruction)

    def _with_values(self, argv: Sequence[str]) -> Iterator[str]:
        """The words, with the values that stand for themselves: what follows ``--open`` may be APP."""
        bare = {flag_named(name): about.kind.bare for name, about in self._options.items() if about.kind.bare}
        for word, following in pairwise([*argv, ""]):
            yield word if word not in bare or following.startswith("/") else f"{word}={bare[word]}"

    def _value(self, name: str, typed: Any) -> Any:
        about = self._options[name]
        if about.flags and not about.kind.is_flag:
            if set(about.flags) <= set(self._words):
                fix = "they say opposite things; leave one out."
                raise messages.bad_option(f"{' and '.join(about.flags)} exclude each other.", fix)
            return about.flags[not typed].removeprefix("--")
        try:
            return about.kind.parse(typed)
        except ValueError as error:
            shown = ", ".join(typed) if about.kind.repeats else typed
            raise messages.bad_option(f"{flag_named(name)} {error}, not {shown!r}.") from None

    def help(self) -> str:
        """Every option, in the groups of ``config.py``."""
        context = _context(self._command)
        formatter = click.HelpFormatter(max_width=_WIDTH)
        self._command.format_usage(context, formatter)
        for text in (*_ABOUT.split("\n\n"), _EPILOG):
            formatter.write_paragraph()
            formatter.write_text(text)
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self._command.params:
            about = self._options.get(parameter.name or "")
            record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
            if record is not None:
                groups.setdefault(about.group if about else "Instead of serving", []).append(record)
        for group, records in groups.items():
            with formatter.section(group):
                formatter.write_dl(records)
        return formatter.getvalue()


def _check_command(parameters: Sequence[click.Parameter]) -> click.Command:
    """``wsgiserve check`` with parameters that say what the application is."""
    return click.Command(
        "wsgiserve check",
        help="Load the application, send it GET, HEAD and GET through the server, and tell what is wrong with its "
        "answers, by the rules of --lint. Exit code 6 if something is, 3 if the application cannot be loaded.",
        params=[
            *parameters,
            click.Option(
                ["--path", "paths"], multiple=True, metavar="PATH", help="Where to ask; / by default, repeatable."
            ),
            click.Option(
                ["--ignore", "ignored"],
                multiple=True,
                metavar="CODE",
                help="Rule that does not count; may be repeated.",
            ),
            click.Option(["help", "-h", "--help"], is_flag=True, help="Print this and exit."),
        ],
        add_help_option=False,
    )


def _read(command: click.Command, argv: Iterable[str]) -> click.Context:
    """What click makes of the words, or our message for what is wrong with them."""
    try:
        return command.make_context(command.name, list(argv))
    except click.NoSuchOption as error:
        known = (flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts))
        raise messages.unknown_option(error.option_name, known) from None
    except click.UsageError as error:
        raise messages.bad_option(error.format_message(), f"{command.name} --help explains the options.") from None


def _typed(context: click.Context, names: Iterable[str]) -> dict[str, Any]:
    """Those of the parameters that stood on the command line."""
    from click.core import ParameterSource

    sources = {name: context.get_parameter_source(name) for name in names}
    return {name: context.params[name] for name, source in sources.items() if source is ParameterSource.COMMANDLINE}


def _context(command: click.Command) -> click.Context:
    return click.Context(command, info_name=command.name)


def _parameter(name: str, about: Option) -> click.Parameter:
    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from wsgiserve.completion import complete_app, complete_value

        return complete_app(incomplete) if name == "app" else complete_value(about.kind, incomplete)

    if name == "app":
        return click.Argument([name], required=False, shell_complete=complete)
    if about.flags or about.kind.is_flag:
        return click.Option([name, "/".join(about.flags) or flag_named(name)], is_flag=True, help=about.help)
    flags = [flag_named(name), *([about.short] if about.short else [])]
    return click.Option(
        # The word is taken as it is; what it means is the business of its Kind.
        [name, *flags],
        type=str,
        metavar=about.kind.metavar,
        multiple=about.kind.repeats,
        help=_help(about),
        shell_complete=complete,
    )


def _help(about: Option) -> str:
    return about.help if about.default in (None, "") else f"{about.help}  [{about.kind.show(about.default)}]"
