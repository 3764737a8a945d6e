"""Transactions once more with ``NUMBA_DISABLE_JIT=1``: the kernels as plain Python."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from redo import jit


@pytest.mark.skipif(jit.DISABLED, reason="this is the second interpreter")
def test_transactions_without_the_jit():
    options = ["-q", "-x", "-W", "ignore::RuntimeWarning", "-p", "no:cacheprovider"]
    chosen = ["tests/btree/test_locks.py", "tests/btree/test_engine.py"]
    quick = ["-k", "not room_for and not come_and_go"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *quick, *chosen],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:]
