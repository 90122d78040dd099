"""The link check tells dead links from slow ones, on a server of its own."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import check_links
import nbformat
import pytest
from check_links import DEAD, GUARDED, OK, SLOW, Link, addresses, check


class Answers(BaseHTTPRequestHandler):
    asked: dict[str, int]

    def do_GET(self):
        self.asked[self.path] = self.asked.get(self.path, 0) + 1
        name = self.path.strip("/")
        if name == "slow":
            time.sleep(1)
        if name == "get-only" and self.command == "HEAD":
            name = "501"
        if name == "tired" and self.asked[self.path] <= 2:  # HEAD and GET of the first visit
            name = "503"
        status = int(name) if name.isdigit() else 302 if name.startswith("moved") else 200
        try:
            self.send_response(status)
            if status == 302:
                self.send_header("Location", {"moved": "/here", "moved-away": "/404"}[name])
            self.send_header("Content-Length", "0")
            self.end_headers()
        except BrokenPipeError:
            pass  # the slow page's reader has left

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    handler = type("Handler", (Answers,), {"asked": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        serving.daemon_threads = True
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


@pytest.mark.parametrize(
    "path, state",
    [
        ("here", OK),
        ("moved", OK),
        ("get-only", OK),
        ("tired", OK),
        ("404", DEAD),
        ("410", DEAD),
        ("moved-away", DEAD),
        ("slow", SLOW),
        ("503", SLOW),
        ("403", GUARDED),
        ("429", GUARDED),
    ],
)
def test_an_answer_is_told_from_a_dead_link_and_a_slow_one(server, path, state):
    found = check(Link(f"{server}/{path}", ("page.md",)), timeout=0.3, pauses=(0.01,))
    assert found.state == state, found.why


def test_a_server_that_is_down_is_slow_and_a_host_that_does_not_exist_is_dead(monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/"
    assert check(Link(address, ()), timeout=1, pauses=()).state == SLOW

    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    def busy(*_, **__):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert check(Link("http://nowhere.invalid/", ()), pauses=()).state == DEAD
    monkeypatch.setattr(socket, "getaddrinfo", busy)
    assert check(Link("http://nowhere.invalid/", ()), pauses=()).state == SLOW


def test_addresses_are_read_from_prose_and_not_from_code(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "See [a](https://example.org/a_(b)#part), <https://example.org/c>. It is\n"
        "https://example.org/d. `https://example.org/no`\n\n"
        "```sh\ncurl https://example.org/neither\n```\n"
    )
    assert addresses(page) == {f"https://example.org/{end}" for end in ("a_(b)", "c", "d")}
    book = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("[a](https://example.org/text)"),
            nbformat.v4.new_code_cell("'https://example.org/code'"),
        ]
    )
    nbformat.write(book, tmp_path / "page.ipynb")
    assert addresses(tmp_path / "page.ipynb") == {"https://example.org/text"}


def test_only_dead_links_fail_the_check(server, tmp_path, capsys):
    (tmp_path / "one.md").write_text(f"[a]({server}/here) [b]({server}/403)\n")
    (tmp_path / "two.md").write_text(f"[a]({server}/here) [c]({server}/410)\n")
    assert check_links.main([str(tmp_path / "one.md")]) == 0
    report = tmp_path / "report.md"
    pages = [str(tmp_path / "one.md"), str(tmp_path / "two.md")]
    assert check_links.main(["--report", str(report), *pages]) == 1
    assert "3 addresses: 1 ok, 1 dead, 0 slow, 1 guarded." in report.read_text()
    assert f"{server}/410 (status 410), in two.md" in report.read_text()


def test_the_books_own_links_are_found():
    found = {link.address for link in check_links.collect(check_links.sources())}
    assert "https://arxiv.org/abs/2602.21189" in found
    assert all(" " not in address and address.count("(") == address.count(")") for address in found)
