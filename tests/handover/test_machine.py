"""The processor is told by the name that the operating system has for it."""

import os
import subprocess
import sys

import pytest

from stages.handover.machine import processor


@pytest.mark.skipif(sys.platform != "linux", reason="lscpu is Linux's")
def test_name_and_cores_are_the_systems():
    listed = dict(
        line.split(":", 1) for line in subprocess.check_output(["lscpu"], text=True).splitlines() if ":" in line
    )
    told = processor()
    assert told.endswith(f", {os.cpu_count()} cores")
    if "Model name" in listed:
        assert told.startswith(listed["Model name"].strip())
