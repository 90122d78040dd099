"""Empty pages of the browser, to run modules in."""

import json

import pytest


@pytest.fixture
def page(browser):
    """An empty page that fails the test on a console error or a request to any host."""
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    page.faults = []
    page.on("console", lambda m: m.type == "error" and page.faults.append(m.text))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on(
        "request",
        lambda r: (
            r.url.split(":")[0] in ("data", "blob", "about")
            or page.faults.append(f"request to {r.url}")
        ),
    )
    yield page
    faults = page.faults
    page.close()
    assert not faults


@pytest.fixture
def run_module(page):
    """run_module(source, body, *args): `body` is a JavaScript function of the module and args."""

    def run(source: str, body: str, *arguments):
        call = f"""async ([source, args]) => {{
            const url = URL.createObjectURL(new Blob([source], {{type: "text/javascript"}}));
            const module = await import(url);
            return JSON.stringify(await ({body})(module, ...JSON.parse(args)));
        }}"""
        return json.loads(page.evaluate(call, [source, json.dumps(arguments)]))

    return run
