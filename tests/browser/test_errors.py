"""Errors as the developer sees them: in a browser, with and without scripts, in the light and in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import Complaints, Open, Scheme
from tests.dev.test_page import XSS
from tests.reload.looping import Loop, loop

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

AXE = Path(__file__).with_name("axe.min.js").read_text("utf-8")

SHOP = '''
"""A small shop, most of which is broken."""

import json

PRICES = {"tea": 3, "coffee": 5}


class Basket:
    def __repr__(self):
        raise RuntimeError("not yet")


def price_of(item, currency="€"):
    basket, api_key = Basket(), "hunter2"
    return {"currency": currency, "sum": PRICES[item["sku"]] * item["count"]}


def cart():
    items = [{"sku": "tea", "count": 2}, {"sku": "cocoa", "count": 1}]
    try:
        return sum(price_of(item)["sum"] for item in items)
    except KeyError as error:
        error.add_note("The catalogue was last loaded at 12:04.")
        raise LookupError("cannot price the cart of Ada Lovelace\\nOne of its items is not for sale.") from error


def orders():
    errors = []
    for text in ("{}", "[1, 2", '{"sku": }'):
        try:
            json.loads(text)
        except ValueError as error:
            errors.append(error)
    raise ExceptionGroup("orders that cannot be read", errors)


def even(number):
    return odd(number + 1)


def odd(number):
    return even(number + 1)


def wide():
    unbroken = "https://shop.test/" + "articles" * 60
    raise ValueError(unbroken + "/" + "x" * 300)


def evil():
    text = TEXTS
    for one in text:
        try:
            raise type("Evil", (Exception,), {})(one)
        except Exception as error:
            error.add_note(one)
            last = error
    raise ExceptionGroup(str(text), [ValueError(one) for one in text]) from last


def app(environ, start_response):
    pages = {"/cart": cart, "/orders": orders, "/deep": lambda: even(0), "/wide": wide, "/evil": evil}
    pages[environ["PATH_INFO"]]()
'''.replace("TEXTS", ascii(XSS))

PAGES = ["cart", "orders", "deep", "wide", "broken"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    with loop(tmp_path_factory.mktemp("shop"), "--editor", "vscode", files={"app.py": SHOP}) as project:
        yield project


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    text = "PRICES = {\n    'tea': 3,\n\ndef price_of(sku):\n    return PRICES[sku]\n"
    with loop(tmp_path_factory.mktemp("broken"), files={"words.py": text}) as project:
        yield project


def url_of(page: str, shop: Loop, broken: Loop) -> str:
    project = broken if page == "broken" else shop
    return f"http://localhost:{project.port}/{page}"


def unfold(page: Page) -> None:
    page.locator("details").evaluate_all("all => all.forEach(details => { details.open = true })")


def violations(page: Page) -> list[Any]:
    page.evaluate(AXE)
    found: list[Any] = page.evaluate("axe.run().then(results => results.violations)")
    return [(violation["id"], [node["html"] for node in violation["nodes"]][:3]) for violation in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_read_it(
    name: str, scheme: Scheme, open_page: Open, shop: Loop, broken: Loop, pictures: Path
) -> None:
    page = open_page(url_of(name, shop, broken), scheme, bypass_csp=True)  # for axe, which comes from elsewhere
    page.screenshot(path=pictures / f"error-{name}-{scheme}.png", full_page=True)
    assert violations(page) == []
    unfold(page)
    assert violations(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_at_four_hundred_percent_nothing_is_out_of_sight(
    name: str, open_page: Open, shop: Loop, broken: Loop, pictures: Path
) -> None:
    # 1280 pixels at 400 % are 320 (WCAG 2.2, 1.4.10).
    page = open_page(url_of(name, shop, broken), viewport={"width": 320, "height": 256}, reduced_motion="reduce")
    unfold(page)
    page.screenshot(path=pictures / f"error-{name}-narrow.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_without_scripts_all_is_there(open_page: Open, shop: Loop) -> None:
    page = open_page(f"http://localhost:{shop.port}/cart", java_script_enabled=False)
    assert page.get_by_role("heading", level=1).inner_text().startswith("LookupError\ncannot price the cart")
    assert page.get_by_role("button").count() == 0
    variables = page.locator("details", has_text="api_key").first
    assert not variables.get_by_text("'cocoa'").is_visible()
    variables.locator("summary").click()
    assert variables.get_by_text("'cocoa'").is_visible()
    assert variables.get_by_text("<Basket, whose __repr__ raises RuntimeError>").is_visible()
    assert "hunter2" not in variables.inner_text()
    place = page.get_by_role("link", name="app.py:").first
    assert place.get_attribute("href") == f"vscode://file{shop.folder}/app.py:25:9"


def test_the_script_copies_it_as_markdown(open_page: Open, shop: Loop) -> None:
    page = open_page(f"http://localhost:{shop.port}/cart", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as Markdown").click()
    page.get_by_text("Copied.").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("### LookupError: cannot price the cart of Ada Lovelace\n")
    assert "```text\nTraceback (most recent call last):" in copied


def test_a_clipboard_that_says_no_leaves_the_text_selected(open_page: Open, shop: Loop) -> None:
    page = open_page("about:blank")
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    page.goto(f"http://localhost:{shop.port}/cart")
    page.get_by_role("button", name="Copy as Markdown").click()
    page.get_by_text("Selected below").wait_for()
    assert page.evaluate("getSelection().toString()").startswith("### LookupError")


def test_texts_that_would_be_code_elsewhere_are_texts(open_page: Open, shop: Loop) -> None:
    requests: list[str] = []
    page = open_page("about:blank")
    page.on("request", lambda request: requests.append(request.url))
    url = f"http://localhost:{shop.port}/evil"
    page.goto(url)
    unfold(page)
    assert page.locator("#evil, img, svg, iframe").count() == 0
    assert requests == [url]


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("console.error('ouch')", "error: ouch"),
        ("setTimeout(() => { throw new Error('ouch') }); undefined", "page error: ouch"),
        ("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=alert(1)>')", "error: policy img-src"),
        ("document.body.setAttribute('style', 'color: red')", "error: policy style-src-attr"),
    ],
)
def test_what_a_page_complains_of_is_noticed(
    script: str, complaint: str, open_page: Open, complaints: Complaints, shop: Loop
) -> None:
    page = open_page(f"http://localhost:{shop.port}/cart")
    page.evaluate(script)
    page.wait_for_function("new Promise(done => requestAnimationFrame(() => setTimeout(done, 0, true)))")
    assert any(found.startswith(complaint) for found in complaints.found), complaints.found
    complaints.found.clear()


def test_a_page_of_another_origin_cannot_read_it(
    open_page: Open, complaints: Complaints, shop: Loop, broken: Loop
) -> None:
    page = open_page("about:blank", bypass_csp=True)
    page.goto(f"http://localhost:{broken.port}/")
    target = f"http://localhost:{shop.port}/cart"
    assert page.evaluate("url => fetch(url).then(() => 'read', () => 'refused')", target) == "refused"
    assert page.evaluate("url => fetch(url, {mode: 'no-cors'}).then(r => r.text(), () => '')", target) == ""
    assert all("blocked by CORS policy" in found or "ERR_" in found for found in complaints.found), complaints.found
    complaints.found.clear()


def test_a_name_that_was_made_to_stand_for_this_machine_is_refused(open_page: Open, shop: Loop) -> None:
    page = open_page(f"http://evil.test:{shop.port}/cart")
    assert page.get_by_text("The server's log says why.").is_visible()
    assert "LookupError" not in page.content()
    shop.wait_for_log('dev tools refused host "evil.test".')
