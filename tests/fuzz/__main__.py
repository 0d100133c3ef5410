"""``python -m tests.fuzz TARGET --seconds N``: let atheris look for bytes that break a target.

It starts with the wire samples and the corpus in the tree. An input that breaks something is left in ``build/fuzz/``;
``--keep`` adds to the corpus what it found: inputs that reach code in a way in which none before them did.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from wsgiserve.conform.samples import FOLDER

CORPUS = Path(__file__).with_name("corpus")
BROKEN = Path(__file__).parents[2] / "build" / "fuzz"
NAMES = ("parser", "chunked", "connection", "differential")


def main() -> int:
    """Run one target in a process of its own, because atheris ends the one that it runs in."""
    arguments = _arguments()
    BROKEN.mkdir(parents=True, exist_ok=True)
    seeds = [CORPUS / arguments.target, FOLDER / "valid", FOLDER / "invalid"]
    with TemporaryDirectory() as found:
        options = [
            f"-max_total_time={arguments.seconds}",
            f"-seed={arguments.seed}",
            f"-artifact_prefix={BROKEN}/{arguments.target}-",
            "-timeout=10",
            "-rss_limit_mb=1024",
            "-print_final_stats=1",
            "-verbosity=1",
        ]
        code = _fuzz(arguments.target, [*options, found, *map(str, seeds)])
        if arguments.keep and not code:
            shutil.copytree(found, CORPUS / arguments.target, dirs_exist_ok=True)
    return code


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=NAMES)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0, help="0 takes another one each time")
    parser.add_argument("--keep", action="store_true")
    return parser.parse_args()


def _fuzz(target: str, options: list[str]) -> int:
    return subprocess.run([sys.executable, "-m", "tests.fuzz.run", target, *options]).returncode


if __name__ == "__main__":
    sys.exit(main())
