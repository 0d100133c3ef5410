"""``python -m tests.stress``: one line for each run, and what went wrong."""

from __future__ import annotations

import argparse
import sys
import time

from tests.server.apart import KINDS
from tests.stress.run import DEVELOPMENT_MODE, run


def main() -> int:
    """Returns 0 if all was well."""
    parser = argparse.ArgumentParser(prog="python -m tests.stress", description=__doc__)
    parser.add_argument("--kind", choices=KINDS, action="append", help="of server; again for more; default: all")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each (default: 60)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="for the clients' choices (default: new)")
    parser.add_argument("--tls", action="store_true", help="speak TLS")
    parser.add_argument("--dev", action="store_true", help="Python's development mode for the server; slower")
    arguments = parser.parse_args()
    good = True
    for kind in arguments.kind or KINDS:
        options = DEVELOPMENT_MODE if arguments.dev else ()
        outcome = run(kind, arguments.seconds, arguments.seed, tls=arguments.tls, options=options)
        print(outcome, flush=True)
        if not outcome.good:
            good = False
            print(*outcome.wrong, outcome.log, outcome.left, sep="\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
