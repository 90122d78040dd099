"""The recorded experiment of the assignment "language": small, sound, and repeatable."""

import numpy as np
import pytest

from passk_lib.course import language_data


def test_the_recording_is_small_and_says_how_it_was_made():
    assert language_data.FILE.stat().st_size < 200_000
    recording = language_data.load()
    assert recording.made["command"] == language_data.COMMAND
    assert recording.made["settings"]["model"] == "B"


def test_the_kernel_is_a_gram_matrix_that_is_zero_where_nothing_was_correct():
    recording = language_data.load()
    kernel, size = recording.kernel, len(recording.c)
    assert kernel.shape == (size, size) and (kernel == kernel.T).all()
    assert np.linalg.eigvalsh(kernel).min() > -1e-6 * np.trace(kernel)
    assert not kernel[recording.c == 0].any() and (np.diag(kernel)[recording.c > 0] > 0).all()


@pytest.mark.long
def test_the_command_repeats_the_recording():
    pytest.importorskip("torch")
    before, again = language_data.load(), language_data.record()
    assert again["c"] == before.c.tolist()
    np.testing.assert_allclose(again["exact"], before.exact, rtol=1e-4, atol=1e-6)
