"""``wsgiserve tls``: what the local authority is and who trusts it; make it trusted; take it away again."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wsgiserve import messages
from wsgiserve.asking import agrees, is_attended
from wsgiserve.authority.files import Folder, Root, default_folder
from wsgiserve.authority.mkcert import find_mkcert
from wsgiserve.authority.programs import ProgramFailed, run
from wsgiserve.authority.stores import Commands, Store, find_stores
from wsgiserve.certificates import expiry

__all__ = ["TLS"]

_GOOD_FOR = "localhost, names below it, 127.0.0.0/8 and ::1; nothing else"


@dataclass(frozen=True, slots=True)
class TLS:
    """The command; each of its methods is one of its words, and returns the exit code."""

    say: Callable[[str], None]
    """Prints on standard output."""
    only: Sequence[str] = ()
    """Kinds of stores to look at; all by default."""
    yes: bool = False
    """Ask nothing."""

    def status(self) -> int:
        """Say which authority ``--tls`` uses, and which stores trust ours."""
        folder, mkcert = Folder(default_folder()), find_mkcert()
        root = folder.root()
        if mkcert is not None:
            self.say(f"--tls uses mkcert's authority, {mkcert.root}; browsers trust it after  mkcert -install\n")
        if root is not None:
            self.say("".join(_rows(root)))
            self.say(
                "".join(f"  {_trust(store, root):<16}  {store.kind:<8}  {store.place}\n" for store in self._stores())
            )
        elif mkcert is None:
            self.say(f"There is no local authority yet. --tls makes one when it is first used, in {folder.path}\n")
        return 0

    def install(self) -> int:
        """Make the stores trust our authority, which is made if there is none.

        Raises:
            UserError: it is mkcert's that is used, there is nobody to ask, no store, or one that does not take it.
        """
        folder, stores, mkcert = Folder(default_folder()), self._stores(), find_mkcert()
        if mkcert is not None:
            raise messages.bad_option(f"--tls uses the authority of mkcert, {mkcert.root}.", "mkcert -install")
        root = folder.make_authority()
        if not stores:
            raise messages.no_trust_store(str(root.file))
        to_do = [(store, store.add(root)) for store in stores if not store.has(root)]
        if not self._agrees(f"Trust the local authority {root.id}, for {_GOOD_FOR}:", to_do):
            return messages.TLS
        self._do(to_do)
        folder.note_trust(True)
        self.say("Browsers trust what  wsgiserve --tls  serves with; those that are open may need a restart.\n")
        return 0

    def remove(self) -> int:
        """Take our authority out of the stores, and delete it with all its certificates.

        With ``only``, it is taken out of these stores and kept.

        Raises:
            UserError: there is nobody to ask, or a store does not let go of it.
        """
        folder = Folder(default_folder())
        root = folder.root()
        if root is not None:
            to_do = [(store, store.remove(root)) for store in self._stores() if store.has(root)]
            deletion = "" if self.only else f", and delete {folder.path}"
            if not self._agrees(f"Forget the local authority {root.id}{deletion}:", to_do):
                return messages.TLS
            self._do(to_do)
            folder.note_trust(any(store.has(root) for store in find_stores(Path.home())))
        if not self.only:
            folder.remove()
        self.say("It is not trusted there any more.\n" if self.only else "It is gone.\n")
        return 0

    def _stores(self) -> list[Store]:
        return find_stores(Path.home(), self.only)

    def _agrees(self, what: str, to_do: Sequence[tuple[Store, Commands]]) -> bool:
        """Show what will be done, and ask; where nothing is to be asked, only show it."""
        self.say(f"{what}\n\n")
        for store, commands in to_do:
            self.say(f"  {store.kind:<8}  {store.place}\n")
            self.say("".join(f"            {shlex.join(command)}\n" for command in commands))
        self.say("\n" if to_do else "  every store is as it should be\n\n")
        if self.yes:
            return True
        if not is_attended():
            raise messages.bad_option("there is nobody to ask whether to go on.", "add --yes.")
        return agrees("Go on?")

    def _do(self, to_do: Sequence[tuple[Store, Commands]]) -> None:
        """Change every store that can be changed.

        Raises:
            UserError: one or more could not.
        """
        failed = []
        for store, commands in to_do:
            try:
                for command in commands:
                    run(command)
            except ProgramFailed as failure:
                failed.append((store, str(failure), shlex.join(command)))
        if failed:
            store, said, by_hand = failed[0]
            places = [str(store.place) for store, *_ in failed]
            raise messages.trust_store(places, said, by_hand, missing="" if store.is_open() else store.program)


def _trust(store: Store, root: Root) -> str:
    if store.has(root):
        return "✓ trusted"
    return "✗ not trusted" if store.is_open() else f"? needs {store.program}"


def _rows(root: Root) -> Iterator[str]:
    end = expiry(root.pem)
    yield f"Local authority {root.id}" + (f", until {end:%Y-%m-%d}\n" if end is not None else "\n")
    yield f"  Root      {root.file}\n"
    yield f"  Good for  {_GOOD_FOR}\n"
