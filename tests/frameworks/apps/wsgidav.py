"""WsgiDAV: the folder that the variable FOLDER names, for everybody to write into."""

from __future__ import annotations

import os

from wsgidav.wsgidav_app import WsgiDAVApp

app = WsgiDAVApp(
    {
        "provider_mapping": {"/": os.environ.get("FOLDER", ".")},
        "simple_dc": {"user_mapping": {"*": True}},
        "verbose": 0,
        "logging": {"enable": False},
        "property_manager": True,
        "lock_storage": True,
    }
)
