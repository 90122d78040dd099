"""The post-training runs that the closing chapter shows, recorded, and how to repeat them.

    python -m passk_lib.llm.chapter_runs WORK     all of them; written to recorded/posttrain.json

WORK is a folder for the runs' arrays: the command goes on from there if it is interrupted.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from .posttrain import PER_STEP, Curves, PostTraining, Record, Trained, post_train
from .storage import check_folder, write_whole

FILE = Path(__file__).parent / "recorded" / "posttrain.json"
COMMAND = "python -m passk_lib.llm.chapter_runs WORK"
REPEATED = 10  # steps whose values at each step are kept, so that a build can repeat them

_MAIN = PostTraining(prompts=256, steps=100, every=5, seeds=5)
_CONTROL = replace(_MAIN, steps=50, seeds=3)
_EQUAL = replace(_MAIN, steps=60, length=0.02, seeds=3)

RUNS: dict[str, PostTraining] = {
    "pass@8": _MAIN,
    "pass@1": replace(_MAIN, objective="pass@1"),
    "half hard": replace(_CONTROL, hard_fraction=0.5),
    "sampled": replace(_MAIN, exact=False, prompts=128, n=16, steps=40, seeds=3),
    "early": replace(_MAIN, model="B500", prompts=2048, lr=0.003, steps=40, every=2, seeds=3),
    "careful": replace(_CONTROL, model="A"),
}
MITIGATED: dict[str, PostTraining] = {
    "pass@1": replace(_EQUAL, objective="pass@1"),
    "pass@8": _EQUAL,
    "mix, λ = 0.5": replace(_EQUAL, mitigation="mix:0.5"),
    "mix, λ = 0.8": replace(_EQUAL, mitigation="mix:0.8"),
    "one-sided": replace(_EQUAL, mitigation="one-sided"),
    "PCGrad": replace(_EQUAL, mitigation="pcgrad"),
    "min-norm": replace(_EQUAL, mitigation="min-norm"),
    "clipped at 2": replace(_EQUAL, objective="pass@8/clip:2"),
    "annealed k": replace(_EQUAL, anneal=_EQUAL.steps),
}


def _groups() -> dict[str, dict[str, PostTraining]]:
    return {"runs": RUNS, "mitigated": MITIGATED}


def recorded(group: str = "runs") -> dict[str, Record]:
    """By name, the recorded curves of `RUNS` or, with "mitigated", of `MITIGATED`.

    Raises ValueError where a record was made with other settings than are written here.
    """
    found = json.loads(FILE.read_text(encoding="utf-8"))[group]
    records = {name: Record(report) for name, report in found.items()}
    for name, settings in _groups()[group].items():
        if name not in records or records[name].settings != settings:
            raise ValueError(f"{FILE}: run {name!r} has other settings; repeat {COMMAND}")
    return records


def provenance() -> dict:
    """Command, versions and hardware of the record."""
    return json.loads(FILE.read_text(encoding="utf-8"))["provenance"]


def repeat(settings: PostTraining, steps: int = REPEATED) -> Trained:
    """The first steps of a run, first seed, computed here and now."""
    short = replace(settings, steps=steps, seeds=1, every=min(settings.every, steps))
    return post_train(short, progress=False)


def difference(record: Curves, again: Curves) -> float:
    """Largest difference in pass@1 and pass@k, on training and held-out prompts, over the steps
    that both have, first seed.

    Another processor sums in another order, which training amplifies: not zero everywhere.
    """
    same = np.isin(record.at, again.at), np.isin(again.at, record.at)
    gaps = [
        np.abs(record.curve(k, kind)[0, same[0]] - again.curve(k, kind)[0, same[1]]).max()
        for k in (1, record.settings.k)
        for kind in ("all", "easy", "hard")
    ]
    ours, theirs = record.per_step("pass1")[0], again.per_step("pass1")[0]
    both = min(len(ours), len(theirs))
    return float(max(*gaps, np.abs(ours[:both] - theirs[:both]).max()))


def _shortened(report: dict) -> dict:
    """By-step values of the first seed and the first steps alone."""
    kept = {name: [report["by_step"][name][0][: REPEATED + 1]] for name in PER_STEP}
    return {**report, "by_step": kept}


def main(arguments: list[str]) -> None:
    if len(arguments) != 1:
        raise SystemExit(f"usage: {COMMAND}")
    work = check_folder("WORK", arguments[0])
    result: dict = {"provenance": {"command": COMMAND}}
    for group, runs in _groups().items():
        result[group] = {}
        for i, (name, settings) in enumerate(runs.items()):
            print(f"{group}: {name}")
            report = _shortened(post_train(settings, work / f"{group}-{i}").report())
            result["provenance"] |= {
                key: report["provenance"][key] for key in ("versions", "hardware")
            }
            report["provenance"] = {"found_model": report["provenance"]["found_model"]}
            result[group][name] = report
    write_whole(
        FILE, (json.dumps(result, separators=(",", ":"), ensure_ascii=False) + "\n").encode()
    )
    print(f"written to {FILE}: {FILE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
