"""The command line program as a subprocess: pictures appear, wrong input is one line and exit code 2, a killed training resumes."""
import os, random, signal, subprocess, sys, time
from pathlib import Path
import pytest
import torch

TINY = ["train", "--n-steps", 24, "--batch-size", 8, "--channels", 8, 16, "--checkpoint-every", 4, "--n-card", 2, "--quiet"]


def one_line(r, *words):
    assert r.returncode == 2, r.stderr
    assert len(r.stderr.strip().splitlines()) == 1 and "Traceback" not in r.stderr, r.stderr
    for w in words: assert w in r.stderr, r.stderr


def test_demo_writes_its_pictures(cli, tmp_path):
    r = cli("demo", "--out", "pics", "--n", 4, "--n-steps", 8, "--n-bits", 2, check=0)
    assert {p.name for p in (tmp_path / "pics").iterdir()} == {"pc.png", "ode.png", "fast.png", "trajectory.png", "inpaint.png"}
    assert "bits/dim of 2 held-out digits" in r.stdout and "evaluations" in r.stdout
    pc = next(l for l in r.stdout.splitlines() if "predictor-corrector" in l)
    assert " 17 " in pc # 8 predictor steps, 8 corrector steps, 1 denoising step


def test_sample(cli, tmp_path):
    cli("sample", "--n", 2, "--method", "pc", "--n-steps", 3, "--out", "a/b.png", "--quiet", check=0)
    assert (tmp_path / "a" / "b.png").read_bytes()[:4] == b"\x89PNG"


def test_restore(cli, tmp_path):
    from PIL import Image
    from score_nb import digits
    Image.fromarray(digits("test")[0][7, 0].numpy()).save(tmp_path / "digit.png")
    cli("restore", "digit.png", "--task", "superres", "--factor", 4, "--simulate", "--n", 2, "--n-steps", 4, "--out", "r", "--quiet", check=0)
    assert {f.name for f in (tmp_path / "r").iterdir()} == {"observed.png", "sample-1.png", "sample-2.png", "mean.png", "deviation.png", "overview.png"}
    assert Image.open(tmp_path / "r" / "observed.png").size == (7, 7) and Image.open(tmp_path / "r" / "mean.png").size == (28, 28)
    cli("restore", "digit.png", "--task", "colour", "--n", 1, "--n-steps", 2, "--out", "c", "--quiet", check=0) # the model of colour pictures, by itself
    assert Image.open(tmp_path / "c" / "sample-1.png").size == (32, 32) and Image.open(tmp_path / "c" / "sample-1.png").mode == "RGB"
    one_line(cli("restore", "digit.png", "--task", "colour", "--model", "mnist", "--out", "s"), "colour pictures")
    one_line(cli("restore", "digit.png", "--out", "s"), "mask", "transparent")
    one_line(cli("restore", "none.png", "--task", "deblur", "--out", "s"), "none.png")
    assert not (tmp_path / "s").exists()


def test_bad_input(cli, tmp_path):
    (tmp_path / "file").touch(); (tmp_path / "empty").mkdir()
    one_line(cli("sample", "--model", "mnits"), "unknown weights", "mnits", "mnist")
    one_line(cli("sample", "--model", "empty"), "empty", "config.json")
    one_line(cli("sample", "--n", 0), "n: expected at least 1, got 0")
    one_line(cli("sample", "--method", "pc", "--n-steps", 0), "n_steps: expected at least 1, got 0")
    one_line(cli("sample", "--out", "file/x.png"), "cannot write")
    one_line(cli("demo", "--out", "file/below"), "cannot write")
    one_line(cli("sample", "--device", "abacus"), "abacus")
    one_line(cli("train", "--out", "file/below"), "cannot write")
    one_line(cli("train", "--out", "run", "--lr", -1), "lr")
    assert cli("paint").returncode == 2


def test_truncated_weights(cli, tmp_path):
    import score_nb.hub
    src = score_nb.hub.WEIGHTS / "mnist"; (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "config.json").write_bytes((src / "config.json").read_bytes())
    data = (src / "model.safetensors").read_bytes()
    (tmp_path / "cut" / "model.safetensors").write_bytes(data[:len(data) // 3])
    one_line(cli("sample", "--model", "cut", "--out", "x.png"), "model.safetensors", "truncated")
    assert not (tmp_path / "x.png").exists()


def start(tmp_path, out):
    exe = Path(sys.executable).parent / "score_nb"
    return subprocess.Popen([str(exe), *map(str, TINY), "--out", out], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"})


def wait_for(path, after, p, limit=180):
    "Wait until a checkpoint newer than `after` is there"
    end = time.time() + limit
    while time.time() < end and p.poll() is None:
        if path.exists() and path.stat().st_mtime_ns > after: return path.stat().st_mtime_ns
        time.sleep(.01)
    return after


def test_killed_training_ends_bit_identical(cli, tmp_path):
    cli(*TINY, "--out", "whole", check=0, env={"OMP_NUM_THREADS": "1"})
    stamp, file, kills = 0, tmp_path / "cut" / "checkpoint.pt", 0
    for _ in range(2): # kill -9 somewhere behind the next checkpoint
        p = start(tmp_path, "cut"); stamp = wait_for(file, stamp, p)
        time.sleep(random.random() * .05); p.send_signal(signal.SIGKILL); kills += p.wait() == -signal.SIGKILL
    assert kills and file.exists()
    cli(*TINY, "--out", "cut", check=0, env={"OMP_NUM_THREADS": "1"})
    a, b = ((tmp_path / d / "model" / "model.safetensors").read_bytes() for d in ("whole", "cut"))
    assert a == b


def test_interrupt_saves(tmp_path):
    p = start(tmp_path, "run"); wait_for(tmp_path / "run" / "checkpoint.pt", 0, p)
    p.send_signal(signal.SIGINT); err = p.communicate(timeout=120)[1]
    assert p.returncode == 2 and "resumes" in err and "Traceback" not in err, err
    step = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["step"]
    assert 4 < step < 24 and str(step) in err


def test_changed_configuration_is_refused(cli, tmp_path):
    cli(*TINY, "--out", "run", check=0)
    one_line(cli(*TINY, "--out", "run", "--lr", .5), "lr", "0.5")
