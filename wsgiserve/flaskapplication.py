"""The application that ``flask run`` would serve, in a worker of ``flask serve``.

Source: Flask 3.1 ``cli.ScriptInfo``, which finds it, and gives it its debug flag.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from wsgiserve import messages
from wsgiserve.frameworks import framework_label
from wsgiserve.importer import LoadedApp
from wsgiserve.modules import loading_failed

if TYPE_CHECKING:
    from flask.cli import NoAppException

    from wsgiserve.errors import UserError

__all__ = ["load"]


def load(app: str | None, *, debug: bool, set_debug_flag: bool) -> LoadedApp:
    """Have Flask find it.

    Args:
        app: as it was given to ``flask --app``.
        debug: of the command.
        set_debug_flag: of ``FlaskGroup``: whether the application's own is to follow it.
    Raises:
        UserError: there is none, or making it failed.
    """
    from flask.cli import NoAppException, ScriptInfo

    os.environ["FLASK_DEBUG"] = "1" if debug else "0"
    name = app or "wsgi.py or app.py"
    try:
        application = ScriptInfo(app_import_path=app, set_debug_flag=set_debug_flag).load_app()
    except NoAppException as error:
        raise _explained(error, name) from error.__context__
    except (Exception, SystemExit) as error:
        raise loading_failed(name, error, full_traceback=False) from error
    return LoadedApp(application, app or application.import_name, framework_label(application), "")


def _explained(error: NoAppException, name: str) -> UserError:
    """Flask too tells a module that is missing from one whose own imports failed by the depth of the traceback."""
    cause = error.__context__
    if isinstance(cause, ImportError) and cause.__traceback__ is not None:
        if cause.__traceback__.tb_next is not None:
            return loading_failed(name, cause, full_traceback=False)
        return messages.no_flask_module(error.message)
    return messages.no_flask_app(error.message)
