"""`import passk_lib` needs NumPy alone and is quick."""

import subprocess
import sys

BLOCKED = ["sympy", "matplotlib", "torch", "transformers", "ipywidgets", "anywidget", "scipy"]


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_core_works_with_nothing_but_numpy():
    _python(
        f"""
import sys
sys.modules.update(dict.fromkeys({BLOCKED}))  # importing any of them fails
import passk_lib
field = passk_lib.Toy().quadrature().field(passk_lib.THETA_REF)
assert passk_lib.conflict(field, 10).conflict
"""
    )


def test_import_loads_no_other_package():
    loaded = _python(
        """
import sys, numpy
before = {name.partition(".")[0] for name in sys.modules}
import passk_lib
after = {name.partition(".")[0] for name in sys.modules} - before
print(*sorted(after - set(sys.stdlib_module_names)))
"""
    )
    assert loaded.split() == ["passk_lib"]


def test_import_takes_less_than_a_third_of_a_second():
    code = "import time; t = time.process_time(); import passk_lib; print(time.process_time() - t)"
    assert any(float(_python(code)) < 0.3 for _ in range(5))


def test_every_public_name_is_there_and_the_version_is_a_literal():
    import passk_lib

    assert all(hasattr(passk_lib, name) for name in passk_lib.__all__)
    assert sorted(passk_lib.__all__) == sorted(set(passk_lib.__all__))
    with open(passk_lib.__file__) as source:
        assert f'__version__ = "{passk_lib.__version__}"' in source.read()
