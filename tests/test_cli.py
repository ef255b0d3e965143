"""The command line program as a subprocess: pictures appear, wrong input is one line and exit code 2, Ctrl-C and SIGTERM leave no traceback."""
import signal, subprocess, sys, time
from pathlib import Path
import numpy as np
import pytest


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
    r = cli("sample", "--n", 2, "--method", "pc", "--n-steps", 3, "--out", "a/b.png", "--quiet", check=0)
    assert (tmp_path / "a" / "b.png").read_bytes()[:4] == b"\x89PNG" and r.stdout.strip() == "a/b.png" # the file that was written
    cli("sample", "--model", "ncsn-mnist", "--n", 2, "--n-evals", 2, "--out", "n.webp", "--quiet", check=0) # a ladder of levels
    cli("sample", "--model", "digits-14", "--n", 2, "--n-evals", 2, "--out", "v.npy", "--quiet", check=0) # vectors
    assert np.load(tmp_path / "v.npy").shape == (2, 196) and (tmp_path / "n.webp").read_bytes()[:4] == b"RIFF"


def test_restore(cli, tmp_path):
    from PIL import Image
    from score_nb import digits
    Image.fromarray(digits("test")[0][7, 0].numpy()).save(tmp_path / "digit.png")
    cli("restore", "digit.png", "--task", "superres", "--factor", 4, "--simulate", "--n", 2, "--n-steps", 4, "--out", "r", "--quiet", check=0)
    assert {f.name for f in (tmp_path / "r").iterdir()} == {"observed.png", "sample-1.png", "sample-2.png", "mean.png", "deviation.png", "overview.png"}
    assert Image.open(tmp_path / "r" / "observed.png").size == (7, 7) and Image.open(tmp_path / "r" / "mean.png").size == (28, 28)
    cli("restore", "digit.png", "--task", "colour", "--n", 1, "--n-steps", 2, "--out", "c", "--quiet", check=0) # the model of colour pictures, by itself
    assert Image.open(tmp_path / "c" / "sample-1.png").size == (32, 32) and Image.open(tmp_path / "c" / "sample-1.png").mode == "RGB"
    cli("restore", "digit.png", "--task", "deblur", "--simulate", "--model", "ncsn-mnist", "--n", 1, "--n-steps", 2, "--out", "l", "--quiet", check=0)
    one_line(cli("restore", "digit.png", "--task", "colour", "--model", "mnist", "--out", "s"), "colour pictures")
    one_line(cli("restore", "digit.png", "--out", "s"), "mask", "transparent")
    one_line(cli("restore", "none.png", "--task", "deblur", "--out", "s"), "none.png")
    assert not (tmp_path / "s").exists()


def test_bad_input(cli, tmp_path):
    "The rest is in chapter 23; these need a process of their own"
    (tmp_path / "file").touch(); (tmp_path / "empty").mkdir()
    one_line(cli("sample", "--model", "empty"), "empty", "config.json")
    one_line(cli("sample", "--out", "file/x.png"), "cannot write")
    one_line(cli("sample", "--device", "cuda:99"), "device: cannot use 'cuda:99'")
    assert cli("paint").returncode == cli("sample", "--method", "euler").returncode == 2
    one_line(cli("sample", "--method", "fast", "--n-steps", 3), "n_steps: an option of method 'pc'")
    assert {p.name for p in tmp_path.iterdir()} == {"file", "empty"}


def test_truncated_weights(cli, tmp_path):
    import score_nb.hub
    src = score_nb.hub.WEIGHTS / "mnist"; (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "config.json").write_bytes((src / "config.json").read_bytes())
    data = (src / "model.safetensors").read_bytes()
    (tmp_path / "cut" / "model.safetensors").write_bytes(data[:len(data) // 3])
    one_line(cli("sample", "--model", "cut", "--out", "x.png"), "model.safetensors", "truncated")
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("when", ["imports", "work"])
def test_stopped(tmp_path, when, number):
    "Ctrl-C and SIGTERM while PyTorch is imported and in the middle of the work: one line, exit code 2, no file"
    exe = Path(sys.executable).parent / "score_nb"
    p = subprocess.Popen([str(exe), "demo", "--out", "d", "--n-steps", "100000", "--quiet"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    end, maps = time.time() + 120, Path(f"/proc/{p.pid}/maps")
    if not maps.exists() and when == "imports": p.kill(); pytest.skip("needs /proc")
    done = lambda: "libtorch_cpu" in maps.read_text() if when == "imports" else (tmp_path / "d").exists() # PyTorch begins to load; the work begins
    while time.time() < end and p.poll() is None and not done(): time.sleep(.01)
    p.send_signal(number)
    err = p.communicate(timeout=120)[1]
    assert p.returncode == 2 and "Traceback" not in err and len(err.strip().splitlines()) == 1 and err.startswith("score_nb: "), err
    assert not list(tmp_path.glob("d/*"))
