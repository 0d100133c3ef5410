"""Dash, a large application of Flask."""

from __future__ import annotations

from dash import Dash, Input, Output, dcc, html

dashboard = Dash(__name__, update_title="")
dashboard.layout = html.Div([dcc.Input(id="name", value="you"), html.Div(id="greeting")])


@dashboard.callback(Output("greeting", "children"), Input("name", "value"))
def greet(name: str) -> str:
    return f"hello {name}"


app = dashboard.server
