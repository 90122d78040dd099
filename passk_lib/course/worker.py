"""The student's process: runs a notebook's code, then answers calls.  Runs as a script, confined.

It holds no checks, no seed and no scores.  It reads requests, one JSON line each, and writes
replies; everything it says is judged elsewhere, so nothing that a student does in here can do more
than change the student's own answers.
"""

import json
import os
import re
import sys
import types

MAGIC = re.compile(r"^( *)[%!][^\n]*$", re.MULTILINE)


def without_magics(source: str) -> str:
    """The Python of a cell: lines for IPython or the shell do nothing, `%%` cells are dropped."""
    if source.lstrip().startswith("%%"):
        return ""
    return MAGIC.sub(r"\1pass", source)


def channel():
    """The two ends of the conversation, out of the way of print() and input()."""
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    return os.fdopen(requests, "rb"), os.fdopen(replies, "wb")


def main():
    requests, replies = channel()
    sys.path.insert(0, sys.argv[1])
    import passk_lib.course
    from passk_lib.course import plain, questions
    from passk_lib.course.questions import kinds_of

    # What the notebook's own check cells would print, nobody reads here; and an answer that loops
    # must cost its own question, not the notebook.
    passk_lib.course.check = questions.check = lambda *answers, **options: None

    def reply(data):
        replies.write(json.dumps(data).encode() + b"\n")
        replies.flush()

    def failure(error):
        try:
            text = str(error)[:300]
        except Exception:
            text = ""
        return [kinds_of(error), text]

    notebook = types.ModuleType("__main__")
    sys.modules["__main__"] = notebook
    names = notebook.__dict__
    names["display"] = lambda *objects, **options: None
    names["get_ipython"] = lambda: None

    def run(cells):
        failed = []
        for index, source in enumerate(cells):
            reply({"cell": index})
            try:
                exec(compile(without_magics(source), f"<cell {index + 1}>", "exec"), names)
            except BaseException as error:  # sys.exit() ends a cell, not the notebook
                failed.append([index, failure(error)])
        return {"failed": failed}

    def get(name):
        return {"value": plain.write(names[name])} if name in names else {"missing": name}

    def use(name, arguments):
        try:
            return {"value": plain.write(names[name](*plain.read(arguments)))}
        except BaseException as error:
            return {"raised": failure(error)}

    actions = {"run": run, "get": get, "use": use}
    for line in requests:
        action, *arguments = json.loads(line)
        reply(actions[action](*arguments))


if __name__ == "__main__":
    main()
