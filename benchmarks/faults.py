"""Faults put into saves, files and training runs, and what they leave behind.

Each function injects one kind of fault many times and returns how often it did and a
list of what went wrong. ``bench_faults.py`` prints them; the tests ask for fewer.
"""

from __future__ import annotations

import copyreg
import hashlib
import json
import os
import pickle
import resource
import shutil
import signal
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from skorch.callbacks import Callback

from sklearn_synthohive import CTGAN, SerializationError
from sklearn_synthohive.utils import serialization

NETWORKS = ("autoregressive", "mlp")
# Python files whose every line is a step at which a save may be killed.
WATCHED = ("serialization.py", "_plain_data.py", "_persistence.py", "shutil.py")


def table(n=150, seed=0):
    """A number, a number with gaps, a category and a date."""
    rng = np.random.default_rng(seed)
    gaps = rng.random(n) < 0.2
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "income": np.where(gaps, np.nan, rng.lognormal(8, 0.5, n).round(2)),
            "city": rng.choice(["Oslo", "Rome", "Bonn"], n),
            "since": np.datetime64("2020-01-01", "s")
            + rng.integers(0, 900, n).astype("m8[D]"),
        }
    )


def model(network, **parameters):
    """A CTGAN of a few units."""
    small = {
        "generator": network,
        "embedding_dim": 8,
        "generator_dim": (8,),
        "discriminator_dim": (8,),
        "batch_size": 50,
        "epochs": 2,
        "random_state": 0,
    }
    return CTGAN(**(small | parameters))


def fitted(network, frame=None, **options):
    """A fitted one."""
    parameters = options.pop("parameters", {})
    frame = table() if frame is None else frame
    return model(network, **parameters).fit(frame, progress_bar=False, **options)


def rows_of(one, n=20):
    """The bytes of a sample."""
    return one.sample(n, seed=5).to_csv()


def digest(folder):
    """A checksum of the files of a saved model, the manifest's versions included."""
    total = hashlib.sha256()
    for path in sorted(Path(folder).iterdir()):
        content = path.read_bytes()
        if path.suffix == ".pt":
            # The zip around tensors is written with the name of the file.
            with zipfile.ZipFile(path) as archive:
                content = b"".join(archive.read(n) for n in sorted(archive.namelist()))
        elif path.name == "metadata.json":
            # Checksums of the files, which are compared themselves.
            told = json.loads(content)
            content = json.dumps(told["parameters"], sort_keys=True).encode()
        total.update(path.name.encode() + content)
    return total.hexdigest()


# --- kills ---------------------------------------------------------------------------


def in_child(action):
    """Run a function in a forked child; its exit status."""
    child = os.fork()
    if child == 0:
        try:
            action()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def die():
    """As power failures do: no handler runs."""
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_at_line(step, action):
    """Run an action that is killed before a line of the watched files."""
    left = step

    def line(frame, event, arg):
        nonlocal left
        if event == "line":
            if left == 0:
                die()
            left -= 1
        return line

    def call(frame, event, arg):
        name = os.path.basename(frame.f_code.co_filename)
        return line if name in WATCHED else None

    def traced():
        sys.settrace(call)
        action()

    return traced


def _kill_at_byte(size, action):
    """Run an action that the system kills when a file grows beyond a size."""

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        action()

    return limited


def kill_saves(folder, *, stride=1, existing=True):
    """Kill a save before each line of its code, and within its writes.

    Afterwards ``load`` must find the old model or the new one, and the next save must
    work and leave nothing beside it.

    Parameters
    ----------
    folder : path-like
    stride : int
        Lines, and 64-byte steps of a file, from one kill to the next.
    existing : bool
        Whether a model is there that is replaced.

    Returns
    -------
    count : int
    wrong : list of str
    """
    old, new = fitted("autoregressive"), fitted("autoregressive", seed=1)
    known = {rows_of(old): "old", rows_of(new): "new"}
    target, n, wrong, turned = Path(folder) / "model", 0, [], False
    save = lambda: new.save(target, overwrite=True)  # noqa: E731
    for kind, kill in (("line", _kill_at_line), ("byte", _kill_at_byte)):
        step, turned = 0, False
        while True:
            shutil.rmtree(target, ignore_errors=True)
            if existing:
                old.save(target)
            status = in_child(kill(step, save))
            try:
                found = known.get(rows_of(CTGAN.from_saved(target)), "neither")
            except SerializationError as error:
                found = "none" if "no saved model" in str(error) else str(error)
            first = "old" if existing else "none"
            turned = turned or found == "new"
            if found != ("new" if turned else first):
                wrong.append(f"{kind} {step}: {found}")
            new.save(target, overwrite=True)
            beside = [p.name for p in target.parent.iterdir() if p != target]
            if beside or rows_of(CTGAN.from_saved(target)) != rows_of(new):
                wrong.append(f"{kind} {step}: left {beside}")
            if status == 0:
                break
            n += 1
            step += stride * (1 if kind == "line" else 64)
        if not turned:
            wrong.append(f"{kind}: never saved")
    return n, wrong


class _Killer(Callback):
    """Kills the process at the end of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            die()


def _fit_killed(network, folder, parameters, at):
    """A fit in a child that is killed somewhere; its exit status.

    ``at`` is an epoch, or a function of the training module and how many times it may
    be called before.
    """
    from sklearn_synthohive.generators import _training as training

    def run():
        callbacks = None
        if isinstance(at, int):
            callbacks = [_Killer(at)]
        else:
            name, times = at
            original, left = getattr(training, name), [times]

            def killing(*args, **kwargs):
                if left[0] == 0:
                    die()
                left[0] -= 1
                return original(*args, **kwargs)

            setattr(training, name, killing)
        options = {"checkpoint_dir": folder, "checkpoint_interval": 1}
        parts = parameters | {"callbacks": callbacks}
        fitted(network, parameters=parts, **options)

    return in_child(run)


def kill_fits(folder, *, networks=NETWORKS, per_network=None):
    """Kill fits in each of their phases, resume them, and compare to the last bit.

    Parameters
    ----------
    folder : path-like
    networks : sequence of str
    per_network : int, optional
        Kills of each network; all phases by default.

    Returns
    -------
    count : int
    wrong : list of str
    """
    n, wrong = 0, []
    for network in networks:
        parameters = {"epochs": 6, "n_iter_no_change": 2}
        whole = fitted(network, parameters=parameters, checkpoint_interval=1)
        whole.save(Path(folder) / f"{network} whole")
        expected = digest(Path(folder) / f"{network} whole")
        last = len(whole.history_)
        # Each epoch, the last ones of which are on all rows; before each checkpoint but
        # the first ones; the weights of calibration.
        phases = [*range(2, last + 1), *(("write_model", k) for k in range(2, 8))]
        phases += [("calibrate", 0)]
        if per_network is not None:
            picked = np.linspace(0, len(phases) - 1, per_network).astype(int)
            phases = [phases[k] for k in picked]
        for at in phases:
            run = Path(folder) / f"{network} {at}"
            status = _fit_killed(network, run, parameters, at)
            if status == 0 and not isinstance(at, int) and at[0] == "write_model":
                # It stopped early, and wrote fewer.
                continue
            if status != signal.SIGKILL:
                wrong.append(f"{network} {at}: ended with {status}")
                continue
            n += 1
            resumed = fitted(
                network,
                parameters=parameters | {"resume_from": run},
                checkpoint_interval=1,
            )
            resumed.save(run / "resumed")
            clock = resumed.history_.drop(columns="seconds")
            same = clock.equals(whole.history_.drop(columns="seconds"))
            if not same or rows_of(resumed) != rows_of(whole):
                wrong.append(f"{network} {at}: another model")
            elif _members(run / "resumed") != _members(run.parent / f"{network} whole"):
                wrong.append(f"{network} {at}: other bytes")
            shutil.rmtree(run)
        assert expected == digest(Path(folder) / f"{network} whole")
    return n, wrong


def _members(folder):
    """Bytes of the weights and encodings; the history has a clock in it."""
    names = ("transformer.joblib", "embedding_layers.joblib")
    out = {name: (Path(folder) / name).read_bytes() for name in names}
    for path in sorted(Path(folder).glob("*.pt")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                out[path.name, name.partition("/")[2]] = archive.read(name)
    info = serialization.load_plain(Path(folder) / "data_column_info.joblib")
    out["calibration"] = pickle.dumps(info["calibration"])
    return out


# --- files ---------------------------------------------------------------------------


class _Malicious:
    """Makes a folder when a reader calls what its pickle names."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def malicious_pickles(path):
    """Pickles that would make a folder, by each way of naming a function.

    Parameters
    ----------
    path : path-like
        Of the folder.

    Returns
    -------
    list of bytes
    """
    text = str(path).encode()
    out = [pickle.dumps([_Malicious(path)], protocol=p) for p in range(6)]
    out += [b"(S'" + text + b"'\nios\nmkdir\n.", b"(cos\nmkdir\nS'" + text + b"'\no."]
    copyreg.add_extension("posix", "mkdir", 240)
    try:
        out.append(pickle.dumps(_Malicious(path), protocol=4))
    finally:
        copyreg.remove_extension("posix", "mkdir", 240)
    return out


def resign(folder):
    """Make the checksums of a saved model true again, as an attacker would."""
    file = Path(folder) / "metadata.json"
    content = json.loads(file.read_text())
    content.pop("sha256")
    for name in content["files"]:
        data = (Path(folder) / name).read_bytes()
        told = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        content["files"][name] = told
    content["sha256"] = serialization._content_sha256(content)
    file.write_text(json.dumps(content))


def _refused(load, name, wrong, what):
    """Whether a load is a SerializationError that names the file and a remedy."""
    try:
        load()
    except SerializationError as error:
        text = str(error)
        if name not in text:
            wrong.append(f"{what}: does not name {name}: {text}")
        if not any(w in text.lower() for w in ("restore", "fit", "upgrade", "load it")):
            wrong.append(f"{what}: no remedy: {text}")
    except Exception as error:
        wrong.append(f"{what}: {type(error).__name__} {error}")
    else:
        wrong.append(f"{what}: loaded")
    return 1


def plant_pickles(folder):
    """Put malicious pickles in place of, and into, each file of a checkpoint.

    The checksums are made true. No code may run, and each must be refused.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    count : int
    wrong : list of str
    """
    folder, n, wrong = Path(folder), 0, []
    run = folder / "run"
    options = {"checkpoint_dir": run, "checkpoint_interval": 1}
    fitted("mlp", context=table(seed=1)[["city", "age"]], **options)
    whole, trap = run / "last_checkpoint", folder / "trap"
    for member in sorted(p.name for p in whole.iterdir() if p.name != "metadata.json"):
        content = (whole / member).read_bytes()
        for k, evil in enumerate(malicious_pickles(trap)):
            candidates = [evil]
            if member.endswith(".pt"):
                candidates.append(_into_zip(content, evil))
            for c, planted in enumerate(candidates):
                target = folder / "evil"
                shutil.copytree(whole, target)
                (target / member).write_bytes(planted)
                resign(target)
                what = f"pickle {k} in {member} ({c})"
                if member == "training_state.pt":
                    resumed = model("mlp", resume_from=target)
                    load = lambda m=resumed: m.fit(table(), progress_bar=False)  # noqa: E731
                else:
                    load = lambda t=target: CTGAN.from_saved(t)  # noqa: E731
                n += _refused(load, member, wrong, what)
                if trap.exists():
                    wrong.append(f"{what}: code ran")
                    trap.rmdir()
                shutil.rmtree(target)
    return n, wrong


def _into_zip(content, evil):
    """A file of tensors with its pickle replaced."""
    import io

    buffer = io.BytesIO()
    source = zipfile.ZipFile(io.BytesIO(content))
    with source, zipfile.ZipFile(buffer, "w") as archive:
        for name in source.namelist():
            data = evil if name.endswith("data.pkl") else source.read(name)
            archive.writestr(name, data)
    return buffer.getvalue()


def damage_files(folder, *, positions=8, networks=NETWORKS):
    """Cut, alter, swap and remove the files of saved models, one at a time.

    Parameters
    ----------
    folder : path-like
    positions : int
        Places in each file at which a bit is turned, and at which it is cut.
    networks : sequence of str

    Returns
    -------
    count : int
    wrong : list of str
    """
    folder, n, wrong = Path(folder), 0, []
    for network in networks:
        frame, context = table(), table(seed=1)[["city", "age"]]
        fitted(network, frame, context=context).save(folder / "one")
        fitted(network, frame, context=context, seed=7).save(folder / "two")
        names = sorted(p.name for p in (folder / "one").iterdir())
        for name in names:
            content = (folder / "one" / name).read_bytes()
            places = np.linspace(0, len(content) - 1, positions).astype(int)
            harmed = [content[:k] for k in places]
            for k in places:
                bytes_ = bytearray(content)
                bytes_[k] ^= 1 << (k % 8)
                harmed.append(bytes(bytes_))
            other = (folder / "two" / name).read_bytes()
            if name != "metadata.json" and other != content:
                harmed.append(other)
            harmed += [
                (folder / "one" / o).read_bytes()
                for o in names
                if o != name and (folder / "one" / o).read_bytes() != content
            ]
            for k, data in enumerate([*harmed, None]):
                if data is not None and data.strip() == content.strip():
                    continue
                target = folder / "harmed"
                shutil.copytree(folder / "one", target)
                if data is None:
                    (target / name).unlink()
                else:
                    (target / name).write_bytes(data)
                load = lambda t=target: CTGAN.from_saved(t)  # noqa: E731
                # A manifest of another model tells of files that are not these.
                told = name if name != "metadata.json" or k < 2 * positions else ""
                n += _refused(load, told, wrong, f"{network} {name} {k}")
                shutil.rmtree(target)
        for part in ("one", "two"):
            shutil.rmtree(folder / part)
    return n, wrong


# --- the same bytes ------------------------------------------------------------------


def fit_and_digest(folder, network, seed=0, n_jobs=None):
    """Fit and save in this process; a checksum of model and rows."""
    one = fitted(network, table(seed=seed), parameters={"n_jobs": n_jobs})
    shutil.rmtree(folder, ignore_errors=True)
    # The number of workers is a parameter, and written as such.
    one.transformer_.set_params(n_jobs=None)
    one.save(folder)
    members = _members(folder)
    content = repr(
        sorted((str(k), hashlib.sha256(v).hexdigest()) for k, v in members.items())
    )
    return hashlib.sha256((content + rows_of(one, 5000)).encode()).hexdigest()


def digests(folder, n_jobs=None):
    """As :func:`fit_and_digest`, for all networks."""
    return [fit_and_digest(folder, network, n_jobs=n_jobs) for network in NETWORKS]


def fits_in_threads(network, n=2):
    """Fits of different tables in threads at once, and one after another.

    Returns
    -------
    count : int
    wrong : list of str
    """
    frames = [table(seed=k) for k in range(n)]
    alone = [rows_of(fitted(network, frame)) for frame in frames]
    start = threading.Barrier(n)

    def one(frame):
        start.wait()
        return rows_of(fitted(network, frame))

    with ThreadPoolExecutor(n) as pool:
        together = list(pool.map(one, frames))
    pairs = zip(alone, together, strict=True)
    return n, [f"{network} fit {k}" for k, (a, b) in enumerate(pairs) if a != b]


def samples_in_threads(one, n=200, workers=16):
    """Calls of ``sample`` on one model from threads at once, and one after another.

    Returns
    -------
    count : int
    wrong : list of str
    """

    def draw(seed):
        kind = seed % 3
        options = {}
        if kind == 1:
            options = {"conditions": {"city": "Rome"}}
        elif kind == 2:
            options = {"calibrated": True}
        return one.sample(7 + seed % 5, seed=seed, **options).to_csv()

    alone = [draw(seed) for seed in range(n)]
    with ThreadPoolExecutor(workers) as pool:
        together = list(pool.map(draw, range(n)))
    pairs = enumerate(zip(alone, together, strict=True))
    return n, [f"seed {k}" for k, (a, b) in pairs if a != b]


def fits_in_processes(network, n=10, workers=2):
    """Fits of small tables in parallel processes, and one after another.

    Returns
    -------
    count : int
    wrong : list of str
    """
    parallel = joblib.Parallel(n_jobs=workers)
    together = parallel(joblib.delayed(_rows_of_fit)(network, k) for k in range(n))
    wrong = [
        f"table {k}"
        for k, rows in enumerate(together)
        if rows != _rows_of_fit(network, k)
    ]
    return n, wrong


def _rows_of_fit(network, seed):
    return rows_of(fitted(network, table(seed=seed)))


def resident():
    """Bytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def memory_of_calls(one, n):
    """Growth of the memory over calls of ``sample``, after some to warm up.

    Returns
    -------
    int
        Bytes.
    """
    for seed in range(100):
        one.sample(3, seed=seed)
    before = resident()
    for seed in range(n):
        one.sample(3, seed=seed)
    return resident() - before
