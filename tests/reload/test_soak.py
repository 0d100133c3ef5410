"""Two hundred saves under a load, with the zygote and without: no request suffers, nothing is left, nothing grows."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tests.reload.soak import soak

SAVES = 200

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")]


def test_no_request_suffers_however_often_it_reloads_and_however_workers_are_started(tmp_path: Path) -> None:
    seed = int(time.time())
    outcomes = {}
    for how in ("--zygote", "--no-zygote"):
        (tmp_path / how).mkdir()
        outcomes[how] = outcome = soak(tmp_path / how, SAVES, how, seed=seed)
        print(f"{how}, seed {seed}: {outcome}")
        assert outcome.wrong == []
        assert (outcome.more_descriptors, outcome.more_memory, outcome.left) == (0, False, [])
        assert outcome.answers > SAVES
    assert outcomes["--zygote"][2:] == outcomes["--no-zygote"][2:]
