"""Opens an issue for every scheduled check that failed, or adds to its open one.

``python tools/report_failures.py REPORTS`` in GitHub Actions. The environment variable NEEDS holds
the results of the checks as Actions gives them (``toJSON(needs)``); REPORTS has a folder
``report-CHECK`` with a file ``report.md`` for each check that wrote one. It calls ``gh``, which
Actions brings.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

TITLES = {
    "newest": "A chapter fails with the newest versions",
    "colab": "The check in Colab's image fails",
    "everything": "The long tests fail",
    "links": "Dead links",
}
LONGEST = 60_000  # characters; an issue takes 65,536


def gh(*arguments: str, text: str | None = None) -> str:
    done = subprocess.run(["gh", *arguments], input=text, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"gh {arguments[0]} {arguments[1]}: {done.stderr.strip()}")
    return done.stdout


def body(check: str, result: str, reports: Path) -> str:
    server, repository, run = (
        os.environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")
    )
    lines = [f"The weekly check `{check}` ended with: {result}. Its log: "
             f"{server}/{repository}/actions/runs/{run}"]  # fmt: skip
    report = reports / f"report-{check}" / "report.md"
    if report.is_file():
        lines.append(report.read_text(encoding="utf8")[:LONGEST])
    return "\n\n".join(lines)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or "NEEDS" not in os.environ:
        print("usage: NEEDS=… python tools/report_failures.py REPORTS", file=sys.stderr)
        return 2
    results = {check: need["result"] for check, need in json.loads(os.environ["NEEDS"]).items()}
    try:
        listed = gh("issue", "list", "--state", "open", "--limit", "500", "--json", "number,title")
        opened = {issue["title"]: issue["number"] for issue in json.loads(listed)}
        for check, result in results.items():
            if result not in ("failure", "cancelled"):
                continue
            title = TITLES.get(check, f"The weekly check {check} fails")
            text = body(check, result, Path(arguments[0]))
            if title in opened:
                gh("issue", "comment", str(opened[title]), "--body-file", "-", text=text)
            else:
                gh("issue", "create", "--title", title, "--body-file", "-", text=text)
            print(f"{title}: {'added to the open issue' if title in opened else 'opened'}")
    except OSError as error:
        print(f"report_failures: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
