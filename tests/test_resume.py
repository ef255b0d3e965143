"""Training killed by kill -9 and resumed ends bit-identical; two processes train as one does."""
import os, random, signal, subprocess, sys, time
from pathlib import Path
import pytest
import torch
from score_nb.training import read_log

STEPS, EVERY = 60, 4

TRAIN = """
import sys
import torch
from score_nb.nets import ScoreModel, UNet
from score_nb.noise import dsm_loss
from score_nb.sde import VP
from score_nb.training import fit

folder, out, precision, start = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
torch.set_num_threads(1)
torch.manual_seed(start)  # other weights and another global generator in every process
sde = VP()
model = ScoreModel(UNet(1, 1, (8, 16), 1, dim=16, dropout=0.2), sde)
data = torch.rand(50, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1

def loss(m, x, g):
    value = dsm_loss(m, sde, x, generator=g)
    print("step", flush=True)
    return value

def evaluate(m, step):
    x = torch.zeros(2, 1, 8, 8)
    return dict(score=m(x, torch.tensor([.3, .7])).square().mean(), noise=torch.rand(()))

run = fit(model, data, loss=loss, n_steps=%d, batch_size=8, warmup=5, ema=(0.999, 0.9),
          checkpoint_dir=folder, checkpoint_every=%d, resume=True, evaluate=evaluate,
          evaluate_every=10, mixed_precision=precision, progress=False)
torch.save(dict(model=run.model.state_dict(), ema=run.ema.state_dict(),
                other=run.emas[0.9].state_dict(), losses=run.losses), out)
""" % (STEPS, EVERY)

ENV = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}


def start(tmp_path, folder, out, precision, seed):
    "A process that trains, or goes on training, in `folder`"
    script = tmp_path / "train.py"
    script.write_text(TRAIN)
    args = [str(script), str(tmp_path / folder), str(tmp_path / out), precision, str(seed)]
    return subprocess.Popen([sys.executable, *args], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env=ENV)


def finish(process):
    "What a process printed, which must succeed"
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err[-6000:]
    return out


def kill_after(process, n, wait):
    "kill -9 some milliseconds into step n, or into the checkpoint or evaluation after it"
    for _ in range(n):
        assert process.stdout.readline() == "step\n", process.stderr.read()[-2000:]
    time.sleep(wait)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
@pytest.mark.parametrize("precision, n_kills", [("no", 5), ("bf16", 2)])
def test_kill_9_at_random_moments_and_resume_is_bit_identical(tmp_path, precision, n_kills):
    whole = start(tmp_path, "whole", "whole.pt", precision, 0)
    kills = [(random.randint(5, 10), random.random() * 0.05) for _ in range(n_kills)]
    where = f"killed after (steps, seconds) {kills}"
    for i, (n, wait) in enumerate(kills):
        kill_after(start(tmp_path, "killed", "killed.pt", precision, i), n, wait)
        (tmp_path / "killed" / "checkpoint.pt.tmp").write_bytes(b"half a file")
    steps = finish(start(tmp_path, "killed", "killed.pt", precision, 99)).count("step")
    assert finish(whole).count("step") == STEPS
    assert 0 < steps <= STEPS - n_kills * EVERY, f"{where}, but the last process did {steps}"
    a, b = torch.load(tmp_path / "whole.pt"), torch.load(tmp_path / "killed.pt")
    assert a["losses"] == b["losses"], where
    for part in ("model", "ema", "other"):
        assert all(torch.equal(a[part][k], b[part][k]) for k in a[part]), f"{part}, {where}"
    one, two = (tmp_path / f / "log.csv" for f in ("whole", "killed"))
    assert [int(r.split(",")[0]) for r in two.read_text().splitlines()[1:]] == [*range(STEPS + 1)]
    assert read_log(two).losses == a["losses"], where
    scores = [{k: v["score"] for k, v in read_log(f).evals.items()} for f in (one, two)]
    assert scores[0] == scores[1] and [*scores[0]] == [*range(0, STEPS + 1, 10)], where


PARALLEL = """
import atexit, os, sys
import torch
from score_nb.training import fit

atexit.register(lambda: print("group", torch.distributed.is_initialized(), flush=True))
torch.set_num_threads(1)
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Tanh(), torch.nn.Linear(16, 3))
g = torch.Generator().manual_seed(1)
noise, t = torch.randn(40, 3, generator=g), torch.rand(40, 1, generator=g)
data = torch.cat([torch.rand(40, 3, generator=g) + 2 * t * noise, t], 1)

def loss(m, x, g, noise):  # the noise comes with the data, so that it does not depend on the process
    return (m(x) + noise).square().mean()

n, resume, accumulate = int(sys.argv[2]), sys.argv[3] == "resume", int(sys.argv[4])
run = fit(net, data, condition=noise, loss=loss, n_steps=n, batch_size=12, accumulate=accumulate,
          warmup=5, decay="constant", lr=1e-2, checkpoint_dir=sys.argv[1] + "/run",
          checkpoint_every=6, resume=resume, evaluate=lambda m, k: dict(rank=0),
          evaluate_every=25, progress=False)
torch.save(dict(model=run.model.state_dict(), ema=run.ema.state_dict(), losses=run.losses),
           sys.argv[1] + f"/{os.environ.get('RANK', 'one')}.pt")
"""


def parallel(folder, n_processes, n_steps, resume="fresh", accumulate=1):
    "Train in `folder`: in one process, or in several that `accelerate launch` starts (gloo)"
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(PARALLEL)
    launch = [sys.executable] if n_processes == 1 else [
        str(Path(sys.executable).parent / "accelerate"), "launch", "--multi_gpu", # on the CPU: ENV
        "--num_processes", str(n_processes), "--num_machines", "1", "--mixed_precision", "no",
        "--dynamo_backend", "no", "--main_process_port", "0"]
    args = [str(folder / "train.py"), str(folder), str(n_steps), resume, str(accumulate)]
    out = finish(subprocess.Popen(launch + args, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True, env=ENV))
    assert out.count("group False") == n_processes # closed at exit, or gloo may abort the process


def test_two_processes_take_the_steps_of_one(tmp_path):
    parallel(tmp_path / "one", 1, 50)
    parallel(tmp_path / "two", 2, 21, accumulate=2)
    parallel(tmp_path / "two", 2, 50, "resume", accumulate=2)
    one, r0, r1 = (torch.load(tmp_path / p) for p in ("one/one.pt", "two/0.pt", "two/1.pt"))
    assert r0["losses"] == r1["losses"] and len(one["losses"]) == 50
    torch.testing.assert_close(r0["losses"], one["losses"], rtol=1e-4, atol=0)
    for part in ("model", "ema"):
        for k in one[part]:
            assert torch.equal(r0[part][k], r1[part][k])
            torch.testing.assert_close(r0[part][k], one[part][k], rtol=1e-4, atol=1e-6)
    assert read_log(tmp_path / "two" / "run").losses == r0["losses"]


def test_a_run_goes_on_in_another_number_of_processes(tmp_path):
    """One, two, one: the loss draws nothing, so the losses are those of one process throughout"""
    parallel(tmp_path / "one", 1, 30)
    for n_processes, n_steps, resume in ((1, 9, "fresh"), (2, 21, "resume"), (1, 30, "resume")):
        parallel(tmp_path / "other", n_processes, n_steps, resume)
    one, other = (torch.load(tmp_path / p / "one.pt") for p in ("one", "other"))
    torch.testing.assert_close(other["losses"], one["losses"], rtol=1e-4, atol=0)
    for k in one["ema"]: torch.testing.assert_close(other["ema"][k], one["ema"][k], rtol=1e-4, atol=1e-6)
    assert read_log(tmp_path / "other" / "run").losses == other["losses"]


@pytest.mark.skipif(os.name != "posix", reason="file locks are POSIX")
def test_the_second_run_in_a_folder_is_refused_and_told_of_the_first(tmp_path):
    first = start(tmp_path, "run", "first.pt", "no", 0)
    for _ in range(6): assert first.stdout.readline() == "step\n", first.stderr.read()[-2000:]
    second = start(tmp_path, "run", "second.pt", "no", 1)
    first.send_signal(signal.SIGSTOP) # else the first may be done before the second begins
    out, err = second.communicate(timeout=300)
    assert second.returncode == 1 and "step" not in out
    assert f"{tmp_path / 'run'}: process {first.pid} on" in err.splitlines()[-1], err[-2000:]
    first.send_signal(signal.SIGCONT)
    finish(first)
    lines = (tmp_path / "run" / "log.csv").read_text().splitlines()[1:]
    assert [int(r.split(",")[0]) for r in lines] == [*range(STEPS + 1)]


@pytest.mark.skipif(os.name != "posix", reason="SIGTERM is POSIX")
def test_kill_saves_the_step_and_says_so(tmp_path):
    whole, run = (start(tmp_path, f, f + ".pt", "no", 0) for f in ("whole", "killed"))
    for _ in range(7): assert run.stdout.readline() == "step\n", run.stderr.read()[-2000:]
    run.send_signal(signal.SIGTERM)
    out, err = run.communicate(timeout=300)
    n = 7 + out.count("step")
    assert run.returncode == 1 and f"stopped after {n} steps; the state after {n} steps is" in err
    assert finish(start(tmp_path, "killed", "killed.pt", "no", 5)).count("step") == STEPS - n
    finish(whole)
    a, b = torch.load(tmp_path / "whole.pt"), torch.load(tmp_path / "killed.pt")
    assert a["losses"] == b["losses"]
    assert all(torch.equal(a["other"][k], b["other"][k]) for k in a["other"])
