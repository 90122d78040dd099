"""One live figure with a kernel: in JupyterLab, driven from the page and from Python."""

import importlib.util
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import pytest

pytestmark = pytest.mark.browser

CELLS = [
    "from passk_lib.widgets import ConflictMap\nfigure = ConflictMap()\nfigure",
    "figure.k = 3\nprint('set', figure.k)",
    "print('theta is', figure.theta)",
    "try:\n    figure.k = 0\nexcept ValueError as error:\n    print('refused:', error)",
    "import ipywidgets\n"
    "outside = ipywidgets.IntSlider(3, 1, 100, description='k outside')\n"
    "link = ipywidgets.jslink((outside, 'value'), (figure, 'k'))\n"
    "outside",
]


@pytest.fixture
def lab(tmp_path):
    if importlib.util.find_spec("jupyterlab") is None:
        pytest.skip("jupyterlab is not installed: the figures were not driven with a kernel")
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(book, tmp_path / "figure.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
        f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={tmp_path}",
        "--LabApp.expose_app_in_browser=True", "--ServerApp.port_retries=0",
    ]  # fmt: skip
    folders = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    log = (tmp_path / "log").open("w")
    server = subprocess.Popen(
        command, env={**os.environ, **folders}, stdout=log, stderr=subprocess.STDOUT
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/api?token={token}", timeout=5)
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.5)
        else:
            pytest.fail("JupyterLab did not start:\n" + (tmp_path / "log").read_text()[-2000:])
        yield f"{address}/lab/tree/figure.ipynb?token={token}"
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def test_a_figure_and_its_kernel_see_the_same_state(lab, browser, tmp_path):
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    page.goto(lab)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
    page.wait_for_function("window.jupyterapp?.shell.currentWidget?.sessionContext?.isReady")

    def run(index):
        page.evaluate(
            """async (index) => {
            const panel = window.jupyterapp.shell.currentWidget;
            panel.content.activeCellIndex = index;
            await window.jupyterapp.commands.execute('notebook:run-cell');
        }""",
            index,
        )
        return page.locator(".jp-CodeCell").nth(index).locator(".jp-OutputArea")

    output = run(0)
    output.locator(".pk .pk-say:not(:empty)").wait_for(timeout=60_000)
    figure = "document.querySelector('.pk').figure"
    assert page.evaluate(f"{figure}.state.k") == 10
    assert page.evaluate(f"{figure}.numbers.cosine") == pytest.approx(-0.2013899809567)
    assert output.locator("img").count() == 0, "the picture is for where there is no figure"

    # Python moves the figure.
    assert "set 3" in run(1).inner_text(timeout=30_000)
    page.wait_for_function(f"{figure}.state.k === 3")

    # The figure, by mouse and by keys that the notebook must not take for its own, moves Python.
    handle = page.locator(".pk [data-handle=theta]")
    handle.scroll_into_view_if_needed()
    box = handle.locator(".pk-dot").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y - 30, steps=5)
    page.mouse.up()
    handle.focus()
    before = page.evaluate(f"{figure}.state.theta")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"{figure}.state.theta[0] > {before[0]} && !{figure}.saving")
    theta = page.evaluate(f"{figure}.state.theta")
    assert theta[0] > -1.9 and theta[1] > -2
    page.wait_for_timeout(500)
    expected = f"theta is ({theta[0]}, {theta[1]})"
    assert expected in run(2).inner_text(timeout=30_000)

    # A bad value is refused, and the figure stays as it is.
    refusal = "refused: k must be an integer from 1 to 1000; got 0"
    assert refusal in run(3).inner_text(timeout=30_000)
    assert page.evaluate(f"{figure}.state.k") == 3

    # Another widget moves the figure, in the browser; the kernel hears of it like of any change.
    slider = run(4).locator(".noUi-handle, .slider-container input").first
    slider.wait_for(timeout=30_000)
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"{figure}.state.k === 4")
    page.screenshot(path=tmp_path / "lab.png")
    page.close()
