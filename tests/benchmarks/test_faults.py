"""Kills, damage, malice and load, in the small; bench_faults.py does more of each.

Forks and memory limits need a process of their own, and POSIX.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
NIGHTLY = bool(os.environ.get("SYNTHOHIVE_NIGHTLY"))
NETWORKS = ["autoregressive", "mlp"]
SOME = NETWORKS if NIGHTLY else NETWORKS[:1]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture
def faults(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import faults

    return faults


def apart(call, folder=None, **environment):
    """The result of an expression on the module of faults, in a fresh process."""
    code = f"import json, sys, faults\nprint(json.dumps({call}))"
    paths = os.pathsep.join([str(BENCHMARKS), str(ROOT)])
    known = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"} | environment
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        env=known,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("existing", [True, False] if NIGHTLY else [True])
def test_a_killed_save_leaves_the_old_model_or_the_new_one(tmp_path, existing):
    stride = 7 if NIGHTLY else 400
    call = f"faults.kill_saves(sys.argv[1], stride={stride}, existing={existing})"
    n, wrong = apart(call, tmp_path)
    assert wrong == []
    assert n >= 6


def test_a_killed_fit_resumes_to_the_same_bytes(tmp_path):
    """In its first part, on all rows, between two checkpoints, in calibration."""
    count = None if NIGHTLY else 3
    n, wrong = apart(f"faults.kill_fits(sys.argv[1], per_network={count})", tmp_path)
    assert wrong == []
    assert n >= 5


def test_damaged_files_are_refused_by_name(faults, tmp_path):
    n, wrong = faults.damage_files(tmp_path, positions=25 if NIGHTLY else 2)
    assert wrong == []
    assert n > 100


def test_malicious_pickles_in_every_file_are_refused(faults, tmp_path):
    n, wrong = faults.plant_pickles(tmp_path)
    assert wrong == []
    assert n > 80


def test_a_schema_of_arrow_runs_no_code(faults, tmp_path):
    """Old versions of pyarrow unpickled what an extension type asked for."""
    pa = pytest.importorskip("pyarrow")
    from sklearn_synthohive.preprocessing import _plain as plain

    trap = tmp_path / "trap"
    for evil in faults.malicious_pickles(trap):
        meta = {
            b"ARROW:extension:name": b"arrow.py_extension_type",
            b"ARROW:extension:metadata": evil,
        }
        field = pa.field("column", pa.int64(), metadata=meta)
        data = pa.schema([field]).serialize().to_pybytes()
        dtype = plain._dtype_from_plain(["arrow", data])
        assert dtype.name == "int64[pyarrow]"
        assert not trap.exists()


class TestSameBytes:
    def test_across_processes_and_jobs(self, tmp_path):
        """Whatever Python hashes text with, and however many workers there are."""
        first, second = (
            apart(
                f"faults.digests(sys.argv[1], n_jobs={jobs})",
                tmp_path / f"{jobs}",
                PYTHONHASHSEED=str(hash_seed),
            )
            for hash_seed, jobs in ((1, None), (2, 2))
        )
        assert first == second
        assert len(set(first)) == len(NETWORKS)

    @pytest.mark.parametrize("network", NETWORKS)
    def test_two_fits_in_two_threads(self, faults, network):
        assert faults.fits_in_threads(network, 2) == (2, [])


class TestLoad:
    @pytest.mark.parametrize("network", SOME)
    def test_200_samples_in_threads_are_the_serial_ones(self, faults, network):
        assert faults.samples_in_threads(faults.fitted(network)) == (200, [])

    @pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
    @pytest.mark.parametrize("network", SOME)
    def test_memory_is_flat(self, network):
        calls = 10_000 if NIGHTLY else 600
        grown = apart(f"faults.memory_of_calls(faults.fitted({network!r}), {calls})")
        # A kilobyte a call would be ten megabytes in ten thousand.
        assert grown < (4 if NIGHTLY else 2) * 2**20

    @pytest.mark.skipif(not NIGHTLY, reason="for SYNTHOHIVE_NIGHTLY=1")
    def test_ten_tables_in_parallel_processes(self):
        assert apart("faults.fits_in_processes('autoregressive')") == [10, []]


def test_the_search_for_faults_finds_some(faults, tmp_path, monkeypatch):
    """With a loader that checks nothing, the damage is told."""
    from sklearn_synthohive.utils import serialization

    monkeypatch.setattr(serialization, "_verify_file", lambda file, expected: None)
    _, wrong = faults.damage_files(tmp_path, positions=2, networks=["mlp"])
    assert len(wrong) > 5
