"""``python -m tests.fuzz.run TARGET OPTION...``: the process in which atheris runs, with the options of libFuzzer."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["wsgiserve.http11", "h11"]):
    from tests.fuzz.targets import LONGEST, TARGETS


def main() -> None:
    """Run until libFuzzer ends the process."""
    name, *options = sys.argv[1:]
    target = TARGETS[name]
    atheris.Setup([sys.argv[0], f"-max_len={LONGEST}", *options], lambda data: target(bytes(data)))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
