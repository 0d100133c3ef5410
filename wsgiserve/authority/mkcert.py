"""mkcert's authority, where there is one: many developers' browsers trust it already.

mkcert is asked to sign; its files are its own business, but for the root, from which one sees that it was set up.
Source: mkcert's README ("Advanced topics": ``-CAROOT``, ``TRUST_STORES``).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from wsgiserve import messages
from wsgiserve.authority.programs import ProgramFailed, run

__all__ = ["Mkcert", "find_mkcert"]


class Mkcert(NamedTuple):
    """An authority that mkcert has made on this machine."""

    root: Path

    @property
    def pem(self) -> str:
        """The certificate that browsers trust."""
        return self.root.read_text("ascii")

    def issue(self, names: Sequence[str]) -> bytes:
        """A certificate for these names and its key, in PEM.

        Raises:
            UserError: mkcert says no.
        """
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "server.pem")
            command = ["mkcert", "-cert-file", str(file), "-key-file", str(file), *names]
            try:
                run(command)
            except ProgramFailed as failure:
                raise messages.mkcert_failed(str(failure), ["mkcert", *names]) from failure
            return file.read_bytes()


def find_mkcert() -> Mkcert | None:
    """mkcert's authority; None if mkcert is not installed or has made none yet."""
    if shutil.which("mkcert") is None:
        return None
    try:
        folder = Path(run(["mkcert", "-CAROOT"]).strip())
    except ProgramFailed:
        return None
    is_whole = (folder / "rootCA.pem").is_file() and (folder / "rootCA-key.pem").is_file()
    return Mkcert(folder / "rootCA.pem") if is_whole else None
