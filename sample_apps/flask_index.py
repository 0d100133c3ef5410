"""The smallest Flask application: one view, ``/index/``.

    wsgiserve sample_apps.flask_index
    curl -i http://127.0.0.1:8000/index/

It also starts itself, as many Flask programs do:

    python -m sample_apps.flask_index --port 8000

There ``app.run()`` calls ``werkzeug.serving.run_simple``; putting ``wsgiserve.run_simple`` in its place is the whole
change, since the two take the same arguments.
"""

from __future__ import annotations

import argparse

from flask import Flask

__all__ = ["app", "main"]

app = Flask(__name__)


@app.get("/index/")
def index() -> str:
    """The one page."""
    return "<!doctype html>\n<title>Index</title>\n<h1>Index</h1>\n<p>Flask, served by wsgiserve.</p>\n"


def main() -> None:
    """Serve by ``app.run()``, on our server."""
    from werkzeug import serving

    import wsgiserve

    parser = argparse.ArgumentParser(description="The /index/ sample, started by app.run().")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    serving.run_simple = wsgiserve.run_simple  # type: ignore[assignment]  # its request_handler is a class of ours
    app.run(arguments.host, arguments.port)


if __name__ == "__main__":
    main()
