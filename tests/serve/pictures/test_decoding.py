import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from waiting import eventually

from model.decode import DecodeLimits, ImageRejected, decode
from serve.pictures import decoding
from serve.pictures.decoding import DecoderPool, DecoderUnavailable

HERE = Path(__file__).parent
HOSTILE = "hostile_decoders:decode"


def jpeg(width=300, height=200, *, seed=0):
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return cv2.imencode(".jpg", cv2.resize(coarse, (width, height)))[1].tobytes()


@pytest.fixture(scope="module")
def pool():
    with DecoderPool(2) as made:
        yield made


@pytest.fixture
def hostile(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    with DecoderPool(1, decoder=HOSTILE, timeout_seconds=2.0) as made:
        yield made


def refusal(pool, data):
    with pytest.raises(ImageRejected) as caught:
        pool.decode(data)
    return caught.value


def worker_pids(pool):
    """The process ids of the workers that run now."""
    return [worker._process.pid for worker in pool._workers if worker._process is not None]


def gone(pid):
    """Whether process `pid` has ended; a zombie that nobody waits for counts as ended."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


def test_a_picture_is_the_same_as_decoded_in_process(pool):
    for size in ((1, 1), (1, 20_000), (300, 200), (1200, 1200), (5000, 3000)):
        data = jpeg(*size)
        image = pool.decode(data)
        assert image.flags.c_contiguous
        image[0, 0] = 7  # it is the caller's own
        image = pool.decode(data)
        np.testing.assert_array_equal(image, decode(data))


def test_a_refusal_is_the_same_as_in_process(pool):
    for data in (b"", b"no picture", jpeg()[:-50], jpeg() + b"<script>", bytes(12_000_001)):
        with pytest.raises(ImageRejected) as expected:
            decode(data)
        refused = refusal(pool, data)
        assert (refused.code, refused.detail) == (expected.value.code, expected.value.detail)


def test_many_threads_get_their_own_pictures(pool):
    files = [jpeg(40 + 7 * seed, 60, seed=seed) for seed in range(8)]
    expected = [decode(data) for data in files]

    def matches(number):
        return np.array_equal(pool.decode(files[number % 8]), expected[number % 8])

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(matches, range(200)))


@pytest.mark.parametrize("death", [b"crash", b"vanish", b"eat", b"raise"])
def test_a_picture_that_kills_its_worker_is_refused_and_the_next_is_served(hostile, death):
    before = worker_pids(hostile)
    refused = refusal(hostile, death)
    assert refused.code == "decoder_crashed"
    assert "save it anew" in refused.detail
    assert hostile.decode(jpeg()).shape == (200, 300, 3)
    assert worker_pids(hostile) != before
    assert gone(before[0])


def test_a_picture_that_takes_too_long_is_refused_and_the_next_is_served(hostile):
    hostile.decode(jpeg())
    started = time.monotonic()
    assert refusal(hostile, b"hang").code == "decoder_timeout"
    assert time.monotonic() - started < 10.0
    assert hostile.decode(jpeg()).shape == (200, 300, 3)


def test_a_worker_killed_in_the_middle_of_a_picture(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    with DecoderPool(1, decoder=HOSTILE, timeout_seconds=30) as pool:
        pool.decode(jpeg())
        (pid,) = worker_pids(pool)
        threading.Timer(0.2, os.kill, (pid, signal.SIGKILL)).start()
        assert refusal(pool, b"hang").code == "decoder_crashed"
        assert pool.decode(jpeg()).shape == (200, 300, 3)


def test_a_worker_that_cannot_be_replaced_at_once_is_not_lost(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    with DecoderPool(1, decoder=HOSTILE) as pool:
        with monkeypatch.context() as exhausted:
            exhausted.setattr("serve.pictures.decoding.socket.socketpair", too_many_files)
            assert refusal(pool, b"crash").code == "decoder_crashed"
            with pytest.raises(DecoderUnavailable):
                pool.decode(jpeg())
        assert pool.decode(jpeg()).shape == (200, 300, 3)


def too_many_files():
    raise OSError(24, "Too many open files")


def test_an_idle_worker_that_died_costs_nobody_a_picture(pool):
    for pid in worker_pids(pool):
        os.kill(pid, signal.SIGKILL)
    assert pool.decode(jpeg()).shape == (200, 300, 3)
    assert pool.decode(jpeg()).shape == (200, 300, 3)


def test_a_worker_cannot_write_files(hostile):
    assert refusal(hostile, b"open").code == "decoder_crashed"


def test_workers_do_not_inherit_secrets(monkeypatch, hostile):
    monkeypatch.setenv("HALLMARK_DATABASE_URL", "postgresql://user:secret@db/hallmark")
    with DecoderPool(1) as pool:
        pool.decode(jpeg())
        environment = Path(f"/proc/{worker_pids(pool)[0]}/environ")
        if not environment.exists():
            pytest.skip("needs /proc")
        assert b"secret" not in environment.read_bytes()


def test_workers_load_no_heavy_library(pool):
    command = [sys.executable, "-c", "import serve.pictures.decode_worker, model.decode, sys; print(*sys.modules)"]
    modules = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert modules.isdisjoint({"torch", "onnxruntime", "faiss", "sqlalchemy", "fastapi", "scipy"})


def test_limits_travel_to_the_workers():
    with DecoderPool(1, limits=DecodeLimits(max_pixels=59_999)) as pool:
        assert refusal(pool, jpeg()).code == "too_many_pixels"


def test_a_closed_pool_and_one_that_cannot_start_say_so(monkeypatch):
    with pytest.raises(ValueError, match="at least 1"):
        DecoderPool(0)
    with DecoderPool(1) as pool:
        pool.decode(jpeg())
        pids = worker_pids(pool)
    assert all(gone(pid) for pid in pids)
    with pytest.raises(DecoderUnavailable):
        pool.decode(jpeg())
    with DecoderPool(1, decoder="model.decode:no_such_function") as broken, pytest.raises(DecoderUnavailable):
        broken.decode(jpeg())


def test_a_pool_that_cannot_start_lets_go_of_the_workers_that_did(monkeypatch):
    started = []
    popen = subprocess.Popen

    def scarce(*arguments, **named):
        if len(started) == 2:
            raise OSError("no more processes")
        started.append(popen(*arguments, **named))
        return started[-1]

    monkeypatch.setattr(decoding.subprocess, "Popen", scarce)
    with pytest.raises(DecoderUnavailable, match="no more processes"):
        DecoderPool(4)
    assert [process.poll() is None for process in started] == [False, False]


def test_closing_ends_what_runs_and_what_waits(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    pool = DecoderPool(1, decoder=HOSTILE, timeout_seconds=30)
    pool.decode(jpeg())
    with ThreadPoolExecutor(4) as threads:
        outcomes = [threads.submit(pool.decode, b"hang") for _ in range(4)]
        time.sleep(0.2)
        pool.close()
        errors = [outcome.exception(timeout=5) for outcome in outcomes]
    assert all(isinstance(error, (ImageRejected, DecoderUnavailable)) for error in errors)
    assert sum(isinstance(error, DecoderUnavailable) for error in errors) >= 3
    pool.close()


ORPHAN = """
import threading, time
from serve.pictures.decoding import DecoderPool
pool = DecoderPool(2, decoder="hostile_decoders:decode", timeout_seconds=1.0)
threading.Thread(target=pool.decode, args=(b"hang",), daemon=True).start()
time.sleep(0.6)
print(*(worker._process.pid for worker in pool._workers), flush=True)
time.sleep(600)
"""


def test_workers_end_when_their_parent_is_killed():
    environment = os.environ | {"PYTHONPATH": str(HERE)}
    with subprocess.Popen([sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, env=environment, text=True) as parent:
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 2
        parent.kill()
    eventually(lambda: all(gone(pid) for pid in pids))


def own_bytes(pid):
    """Memory of process `pid` without the pages of arenas and libraries that it shares."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_memory_does_not_grow_over_good_and_bad_pictures():
    good, large = jpeg(400, 300), jpeg(5000, 3000)
    bad = [good[:-9], good + b"%PDF-1.4", b"GIF89a", b"\x89PNG\r\n\x1a\n" + bytes(60)]
    with DecoderPool(1) as pool:

        def round_of_pictures():
            for _ in range(150):
                pool.decode(good)
                for data in bad:
                    refusal(pool, data)
            pool.decode(large)

        round_of_pictures()
        pids = [os.getpid(), *worker_pids(pool)]
        before = [own_bytes(pid) for pid in pids]
        for _ in range(3):
            round_of_pictures()
        growth = [own_bytes(pid) - start for pid, start in zip(pids, before, strict=True)]
    assert max(growth) < 4 << 20, growth
