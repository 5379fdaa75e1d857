"""Training that does not fit the memory is refused before it begins, with the numbers."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from stages.running.errors import InputError
from stages.running.resources import GIBIBYTE, available_memory, check_memory
from stages.training.training import Run
from stages.training.workers import train_on_all_cores
from tests.conftest import REPOSITORY
from tests.training.test_workers import SETTING

TRAINING = """
import json, re, sys
from dataclasses import replace
import torch
from stages.training.training import Run, train
from tests.training.test_workers import SETTING, draw, observe
torch.set_num_threads(1)
units, recipe = int(sys.argv[1]), replace(SETTING.recipe, **json.loads(sys.argv[2]))
setting = replace(SETTING, recipe=recipe, hidden_units=units, schedule=[0, 16], draw=draw, observe=observe)
train([Run(2, 0.1, 0)], setting, lambda done, restored: None)
# not ru_maxrss, which a process inherits from the one that started it
print(1024 * int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]))
"""


def test_what_is_there_is_no_more_than_the_machine_has():
    assert 0 < available_memory() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_a_network_that_does_not_fit_is_refused_with_the_numbers():
    available = available_memory()
    check_memory(available // 2, available)
    with pytest.raises(InputError) as caught:
        check_memory(20 * available, available)
    needed, there = (float(number.replace(",", "")) for number in re.findall(r"([\d,.]+) GiB", str(caught.value)))
    assert needed == pytest.approx(20 * available / GIBIBYTE, abs=0.1)
    assert there == pytest.approx(available / GIBIBYTE, rel=0.2, abs=0.1)
    assert "hidden_units" in str(caught.value)


def test_it_is_refused_before_any_training_starts():
    def progress(done, restored):
        pytest.fail("training went on")

    with pytest.raises(InputError, match="GiB"):
        train_on_all_cores([Run(5, 0.1, 0)], replace(SETTING, hidden_units=10**6), progress)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("special", [{}, {"batch_normalization": True}, {"update_rule": "gradient_variance"}])
def test_the_estimate_is_what_a_large_network_takes(special):
    """The memory that 3,000 units take more than 30, in processes of their own."""
    peaks = {}
    for units in (30, 3_000):
        done = subprocess.run(
            [sys.executable, "-c", TRAINING, str(units), json.dumps(special)],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        )
        peaks[units] = int(done.stdout)
    recipe = replace(SETTING.recipe, **special)
    large, small = (replace(SETTING, recipe=recipe, hidden_units=units).needed_bytes(2) for units in (3_000, 30))
    estimate = large - small
    assert peaks[3_000] - peaks[30] == pytest.approx(estimate, rel=0.5)
