"""Training killed by kill -9 and resumed ends bit-identical; two processes train as one does."""
import os, random, signal, socket, subprocess, sys
import pytest
import torch

STEPS, EVERY = 40, 4

TRAIN = """
import sys
import torch
from score_nb.nets import ScoreModel, UNet
from score_nb.sde import VP
from score_nb.training import fit, noise_loss

folder, out, precision, start = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
torch.set_num_threads(1)
torch.manual_seed(start)  # other weights and another global generator in every process
sde = VP()
model = ScoreModel(UNet(1, 1, (8, 16), 1, dim=16, dropout=0.2), sde)
data = torch.rand(50, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1

def loss(m, x, g):
    value = noise_loss(m, sde, x, generator=g)
    print("step", flush=True)
    return value

run = fit(model, data, loss=loss, n_steps=%d, batch_size=8, warmup=5, checkpoint_dir=folder, checkpoint_every=%d, resume=True,
          mixed_precision=precision, progress=False)
torch.save(dict(model=run.model.state_dict(), ema=run.ema.state_dict(), losses=run.losses), out)
""" % (STEPS, EVERY)

ENV = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}


def start(tmp_path, folder, out, precision, seed):
    "A process that trains, or goes on training, in `folder`"
    script = tmp_path / "train.py"
    script.write_text(TRAIN)
    return subprocess.Popen([sys.executable, str(script), str(tmp_path / folder), str(tmp_path / out), precision, str(seed)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV)


def finish(process):
    "Wait for a process and insist that it succeeded"
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err[-2000:]
    return out.count("step")


def kill_after(process, n):
    "kill -9 in the middle of step n (or during the checkpoint after it)"
    for _ in range(n):
        assert process.stdout.readline() == "step\n", process.stderr.read()[-2000:]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_kill_9_twice_and_resume_is_bit_identical(tmp_path, precision):
    whole = start(tmp_path, "whole", "whole.pt", precision, 0)
    first, second = random.randint(6, 18), random.randint(6, 14)
    kill_after(start(tmp_path, "killed", "killed.pt", precision, 0), first)
    kill_after(start(tmp_path, "killed", "killed.pt", precision, 1), second)
    (tmp_path / "killed" / "checkpoint.tmp").write_bytes(b"half a file")
    steps = finish(start(tmp_path, "killed", "killed.pt", precision, 2))
    assert finish(whole) == STEPS
    assert 0 < steps <= STEPS - EVERY, f"killed after {first} and {second} steps, but the last process did {steps}"
    a, b = torch.load(tmp_path / "whole.pt"), torch.load(tmp_path / "killed.pt")
    where = f"killed after {first} and {second} steps"
    assert a["losses"] == b["losses"], where
    for part in ("model", "ema"):
        assert all(torch.equal(a[part][k], b[part][k]) for k in a[part]), f"{part}, {where}"


PARALLEL = """
import os, sys
import torch
from score_nb.training import fit

torch.set_num_threads(1)
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
data = torch.randn(40, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64).float()
n, resume = int(sys.argv[2]), sys.argv[3] == "resume"
run = fit(model, data, loss=lambda m, x, g: (m(x) - x).square().mean(), n_steps=n, batch_size=10, warmup=5, decay="constant",
          lr=1e-2, checkpoint_dir=sys.argv[1] + "/run", checkpoint_every=6, resume=resume, progress=False)
torch.save(dict(model=run.model.state_dict(), ema=run.ema.state_dict(), losses=run.losses), sys.argv[1] + f"/{os.environ.get('RANK', 'one')}.pt")
"""


def parallel(folder, n_processes, n_steps, resume="fresh"):
    "Train in `folder` with some processes, each started with the variables that a launcher sets"
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(PARALLEL)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    env = [ENV | (dict(RANK=str(r), LOCAL_RANK=str(r), WORLD_SIZE=str(n_processes), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
                  if n_processes > 1 else {}) for r in range(n_processes)]
    ps = [subprocess.Popen([sys.executable, str(folder / "train.py"), str(folder), str(n_steps), resume],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=e) for e in env]
    for p in ps: finish(p)


def test_two_processes_take_the_steps_of_one(tmp_path):
    parallel(tmp_path / "one", 1, 20)
    parallel(tmp_path / "two", 2, 9)
    parallel(tmp_path / "two", 2, 20, "resume")
    one, r0, r1 = (torch.load(tmp_path / p) for p in ("one/one.pt", "two/0.pt", "two/1.pt"))
    for part in ("model", "ema"):
        for k in one[part]:
            assert torch.equal(r0[part][k], r1[part][k])
            torch.testing.assert_close(r0[part][k], one[part][k], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(r0["losses"], one["losses"], rtol=1e-4, atol=1e-6)
