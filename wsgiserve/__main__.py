"""``python -m wsgiserve``: the same as the command ``wsgiserve``."""

from wsgiserve.cli import main

if __name__ == "__main__":
    main()
