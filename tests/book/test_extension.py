"""The local Sphinx extension, on small books that are really built."""

import re
import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from small_book import ROOT, notebook

sys.path.insert(0, str(ROOT / "_ext"))

from passk_book.cache import library_key

PICTURE = """
import base64
from IPython.display import Image
Image(base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
), alt={alt!r})
"""

STATEMENTS = r"""
> **Definition 3.1** (Kernel of $x$ (and $x'$)). The kernel is symmetric:
>
> $$ \kappa(x, x') = \kappa(x', x). \tag{5} $$
>
> A second paragraph.

> **Proposition 4.1.** No title.

> **Remark.** No number.

> An ordinary quotation.

$$
\begin{aligned} a &= b \\ &= c \end{aligned} \tag{9}
$$

## Exercises

### Exercise 3.2

Why? See [the kernel](#def-3.1), [(5)](#eq-5), [4.1](#prop-4.1), [an exercise](#ex-3.2),
[Lemma C.1](#lem-C.1), [(34)](#eq-34).

<details>
<summary>Solution</summary>

Because $a = b$:

$$ b = a. \tag{3.2} $$

```python
a = b
```

</details>
"""

# What the library's derivations do: a statement displayed by a cell.
DISPLAYED = r"""
from IPython.display import Markdown
Markdown("> **Lemma C.1** (Displayed). It holds that\n>\n> $$ a < b. \\tag{34} $$")
"""

LINKS = """# Another page

See [Definition 3.1](one.ipynb#def-3.1), [(9)](one.ipynb#eq-9), [(5)](one.ipynb#eq-5),
[Lemma C.1](one.ipynb#lem-C.1), [Exercise 3.2](one.ipynb#ex-3.2), [its solution](one.ipynb#eq-3.2),
[exercises](one.ipynb#exercises), [Chen et al. (2021)](#chen2021).

- <a id="chen2021"></a>M. Chen and others. 2021.
"""


def test_statements_equations_and_exercises_become_targets_that_links_reach(small_book):
    small_book.write(
        one=notebook(STATEMENTS, ("code", DISPLAYED), ("code", PICTURE.format(alt="A dot."))),
        two=LINKS,
    )
    done = small_book.build()
    assert done.returncode == 0, done.stdout + done.stderr
    page = BeautifulSoup(small_book.page("one"), "html.parser")

    definition = page.find(id="def-3.1")
    assert "statement-definition" in definition["class"]
    title = definition.find(class_="admonition-title")
    assert title.find(class_="statement-name").text == "Definition 3.1"
    assert title.find(class_="statement-title").text == r"(Kernel of \(x\) (and \(x'\)))"
    assert [p.text for p in definition.find_all("p")[1:]] == [
        "The kernel is symmetric:",
        "A second paragraph.",
    ]
    assert definition.find(id="eq-5")
    assert page.find(id="prop-4.1").find_all("p")[1].text == "No title."
    assert page.find(id="lem-C.1").find(id="eq-34"), "a displayed statement is a box too"
    assert len(page.find_all(class_="statement-remark")) == 1
    assert len(page.find_all("blockquote")) == 1, "an ordinary quotation stays one"

    # The formula reaches MathJax as it was written, with no environment around its line break.
    assert "split" not in page.find(id="eq-9").text
    solution = page.find("details")
    assert solution.find(id="eq-3.2") and solution.find(class_="highlight")
    assert page.find("img", alt="A dot.")

    ids = {tag["id"] for tag in page.find_all(id=True)}
    other = BeautifulSoup(small_book.page("two"), "html.parser")
    for soup, prefix in ((page, "#"), (other, "one.html#")):
        for link in soup.select(f'article a.reference[href^="{prefix}"]'):
            assert link["href"].removeprefix(prefix) in ids

    # Nothing has changed: nothing runs again.
    again = small_book.build()
    assert again.returncode == 0
    assert "Executing" not in again.stdout
    # The library has changed: the old results are gone and the page is made anew.
    (small_book.folder / "passk_lib" / "file.py").write_text("value = 2\n")
    anew = small_book.build()
    assert anew.returncode == 0
    assert "Executing" in anew.stdout
    assert len(list((small_book.folder / "_build" / ".execution").iterdir())) == 1


def test_every_fault_fails_the_build_and_is_named(small_book):
    small_book.write(
        one=notebook(
            "[(99)](#eq-99) [Definition 9.9](#def-9.9)\n\n"
            "[(98)](two.md#eq-98) [Nobody](two.md#nobody2021) [Nowhere](three.md)\n\n"
            "$$ a \\tag{1} $$\n\n$$ b \\tag{1} $$",
            ("code", PICTURE.format(alt=None)),
            ("code", "import sys; print('a warning', file=sys.stderr)"),
            ("code", "1 / 0"),
        ),
        two='# Bibliography\n\n- <a id="chen2021"></a>M. Chen and others. 2021.',
    )
    for attempt in ("first", "second"):  # a fault is reported again until it is mended
        done = small_book.build()
        assert done.returncode != 0, attempt
        report = done.stderr[done.stderr.index("What went wrong") :]
        for fault in (
            "'eq-99'",
            "'def-9.9'",
            "'eq-98'",
            "'nobody2021'",
            "'three.md'",
            "'eq-1' is defined twice",
            "ZeroDivisionError: division by zero",
            "1 / 0",
        ):
            assert fault in report, (attempt, fault)


def test_a_changed_style_reaches_pages_that_are_not_out_of_date(small_book):
    styles = small_book.folder / "_static"
    styles.unlink()
    shutil.copytree(ROOT / "_static", styles)
    small_book.write(first="# A page\n")
    assert small_book.build().returncode == 0
    before = small_book.page("first")
    copied = small_book.folder / "_build" / "html" / "_static" / "book.css"
    with (styles / "book.css").open("a", encoding="utf8") as file:
        file.write("/* later */\n")
    assert small_book.build().returncode == 0
    assert copied.read_text(encoding="utf8").endswith("/* later */\n")
    name = re.compile(r"book\.css\?v=\w+")
    assert name.search(small_book.page("first"))[0] != name.search(before)[0]
    page = copied.parents[1] / "chapters" / "first.html"
    written = page.stat().st_mtime_ns
    assert small_book.build().returncode == 0
    assert page.stat().st_mtime_ns == written, "the control: without a change nothing is written"


def test_pictures_without_text_and_warnings_of_cells_fail_the_build(small_book):
    small_book.write(
        one=notebook(
            ("code", PICTURE.format(alt=None)),
            ("code", "import warnings; warnings.warn('the weights overflow')"),
        )
    )
    done = small_book.build()
    assert done.returncode != 0
    assert "without alternative text" in done.stderr
    assert "stderr was found in the cell outputs" in done.stderr


def links_of(page: str) -> list[str]:
    return [link.get("href", "") for link in BeautifulSoup(page, "html.parser").find_all("a")]


def test_every_link_to_the_repository_follows_its_remote(tmp_path, small_book):
    """The same book built in two clones: every address on a page is followed and leads home."""
    small_book.write(
        one=notebook("See [the bibliography](bibliography.md#chen2021) and [two](two.ipynb)."),
        two=notebook("Text. Homework is on [the branch](../../../tree/colab)."),
        bibliography='# Bibliography\n\n- <a id="chen2021"></a>M. Chen and others. 2021.',
    )
    git = ["git", "-C", small_book.folder]
    assert small_book.build().returncode == 0
    page = small_book.page("one")
    assert not re.search(r"github|colab|mybinder", page, re.IGNORECASE), "no remote, no buttons"
    assert "notebooks.zip" in page
    assert "Homework is on the branch." in BeautifulSoup(small_book.page("two"), "html.parser").text
    subprocess.run([*git, "init", "--quiet", "--initial-branch", "trunk"], check=True)
    subprocess.run([*git, "remote", "add", "origin", "https://github.com/x/y"], check=True)

    for owner in ("owner", "somebody-else"):
        remote = f"git@github.com:{owner}/book.git"
        subprocess.run([*git, "remote", "set-url", "origin", remote], check=True)
        done = small_book.build()
        assert done.returncode == 0, done.stderr
        home = f"https://github.com/{owner}/book"
        html = small_book.folder / "_build" / "html"
        follow = Fork(small_book.folder, html, owner)
        reached = {follow(link) for link in links_of(small_book.page("one"))}
        assert {"repository", "edit", "issue", "colab", "binder", "download", "archive"} <= reached
        assert f"{home}/tree/colab" in links_of(small_book.page("two"))
        owners = set(re.findall(r"github\.com/([\w-]+)/", small_book.page("one")))
        assert owners <= {owner, "github"}

        # What is downloaded installs from the fork, and its links stay with the fork.
        with zipfile.ZipFile(html / "notebooks.zip") as bundle:
            assert bundle.namelist() == ["notebooks/one.ipynb", "notebooks/two.ipynb"]
            zipped = nbformat.reads(bundle.read("notebooks/one.ipynb").decode(), 4)
        downloaded = nbformat.read(html / "_sources" / "chapters" / "one.ipynb", 4)
        assert zipped == downloaded
        assert f'REPOSITORY = "{home}@trunk"' in downloaded.cells[1].source
        inside = re.findall(r"\]\(([^)]+)\)", downloaded.cells[2].source)
        assert [follow(link) for link in inside] == ["source", "colab"]


TITLE = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf8"))["title"]


@pytest.mark.parametrize(
    "fork, site",
    [
        ("Some-One/My.Book-2", "https://some-one.github.io/My.Book-2/"),
        ("someone/Someone.GitHub.io", "https://someone.github.io/"),
    ],
)
def test_a_page_and_the_sites_own_address_name_where_the_fork_is_published(fork, site, small_book):
    first = notebook("What this book is about, in a sentence.")
    first.cells[0].source = f"# {TITLE}"
    small_book.write(one=first, two="# Two\n\nText.")
    variables = {"GITHUB_REPOSITORY": fork, "GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "main"}
    assert small_book.build(**variables).returncode == 0
    door = (small_book.folder / "_build" / "html" / "index.html").read_text("utf8")
    first = BeautifulSoup(small_book.page("one"), "html.parser")
    for page in (BeautifulSoup(door, "html.parser"), first):
        assert page.title.text.strip() == TITLE, "once"
        assert page.select_one('link[rel="canonical"]')["href"] == f"{site}chapters/one.html"
        assert page.select_one('meta[property="og:url"]')["content"] == f"{site}chapters/one.html"
        picture = page.select_one('meta[property="og:image"]')["content"]
        assert picture == f"{site}_static/social-preview.png"
        assert "in a sentence" in page.select_one('meta[name="description"]')["content"]
    assert "url=chapters/one.html" in door
    assert f"https://github.com/{fork}/edit/main/" in small_book.page("one")
    # A site of its own comes before the repository's; without either a page has no address.
    assert small_book.build(PASSK_SITE="https://example.org/book", **variables).returncode == 0
    assert '"https://example.org/book/chapters/two.html"' in small_book.page("two")


class Fork:
    """Follows a page's links: says what an address of the fork leads to, and that it is there."""

    def __init__(self, folder, html, owner):
        self.folder, self.html = folder, html
        self.home = f"https://github.com/{owner}/book"
        slug = re.escape(f"{owner}/book")
        file = r"([\w./-]+)"
        self.kinds = {
            "repository": rf"https://github\.com/{slug}",
            "edit": rf"https://github\.com/{slug}/edit/trunk/{file}",
            "source": rf"https://github\.com/{slug}/blob/trunk/{file}#\w+",
            "issue": rf"https://github\.com/{slug}/issues/new\?.*",
            "colab": rf"https://colab\.research\.google\.com/github/{slug}/blob/colab/{file}",
            "binder": rf"https://mybinder\.org/v2/gh/{slug}/trunk\?urlpath=lab/tree/{file}",
        }

    def __call__(self, link: str) -> str:
        for kind, pattern in self.kinds.items():
            if found := re.fullmatch(pattern, link):
                for path in found.groups():
                    assert (self.folder / path).is_file(), link
                return kind
        assert not re.search(r"github|colab|mybinder", link), f"{link} leads to another repository"
        if not link.startswith(("http", "#", "mailto:")):
            path = self.html / "chapters" / link.split("#")[0].split("?")[0]
            assert path.exists(), link
            if path.name == "notebooks.zip":
                return "archive"
            if path.suffix == ".ipynb":
                return "download"
        return "elsewhere"


@pytest.mark.parametrize("change", ["edit", "add", "rename", "remove"])
def test_any_change_of_the_library_changes_the_key(change, tmp_path):
    (tmp_path / "a.py").write_text("x = 1")
    (tmp_path / "weights.bin").write_bytes(b"1")
    before = library_key(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_bytes(b"1")
    assert library_key(tmp_path) == before
    {
        "edit": lambda: (tmp_path / "weights.bin").write_bytes(b"2"),
        "add": lambda: (tmp_path / "b.py").touch(),
        "rename": lambda: (tmp_path / "a.py").rename(tmp_path / "b.py"),
        "remove": lambda: (tmp_path / "a.py").unlink(),
    }[change]()
    assert library_key(tmp_path) != before
