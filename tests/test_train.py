"""tools/train.py: recipes are those of the shipped models, cards say what was measured, and a run that is stopped ends bit for bit as one that is not."""
import os, random, re, signal, subprocess, sys, time
from pathlib import Path
import pytest
import torch
from torch.testing import assert_close
import train as recipes # tools/train.py
from score_nb.core import assert_mc, seeded
from score_nb.fast import fast_sample
from score_nb.hub import WEIGHTS, load_pretrained, pretrained_names
from score_nb.images import dequantize, digits
from score_nb.noise import loss_by_level
from score_nb.sde import VP

TRAIN = Path(recipes.__file__)
TINY = ["mnist", "--n-steps", 24, "--batch-size", 8, "--channels", 8, 16, "--checkpoint-every", 4, "--n-card", 2, "--quiet"]


class Noise(torch.nn.Module):
    "The exact score of N(0, I), dressed as a model of digits"
    def __init__(self): super().__init__(); self.sde, self.shape = VP(), (1, 28, 28)
    def forward(self, x, t): return -x


def test_every_shipped_model_has_its_recipe():
    assert sorted(recipes.RECIPES) == pretrained_names()
    for name in recipes.RECIPES:
        fresh, shipped = recipes.untrained(name), load_pretrained(name)
        assert {k: v.shape for k, v in fresh.state_dict().items()} == {k: v.shape for k, v in shipped.state_dict().items()}
        assert fresh.config == shipped.config and fresh.info.items() <= shipped.info.items(), name # red with another width, `fine` or data_std
        assert sum(p.numel() for p in fresh.parameters()) < 3_000_000
    weights = [torch.cat([p.flatten() for p in recipes.untrained("mnist", (8, 16)).parameters()]) for _ in range(2)]
    assert torch.equal(*weights) # the seed decides the fresh weights


@pytest.mark.parametrize("name", list(recipes.PROCESSES))
def test_three_processes_and_their_cards(name):
    "Losses by level are those of the card, found from the residual of the noise, other noise and another dequantisation; samples are pictures"
    model = load_pretrained(name)
    rows = re.findall(r"^\| (-?\d+) \| ([\d.]+) \|$", (WEIGHTS / name / "README.md").read_text(), re.M)
    levels, card = torch.tensor([[float(v) for v in r] for r in rows], dtype=torch.float64).T
    assert len(levels) == 7
    t = model.sde.time(levels)
    r, se = loss_by_level(model, model.sde, recipes.small(digits("test")[0], seeded(2)), t, generator=seeded(3))
    cos2 = model.angle(t)[0] ** 2 # z is wrong by the cosine times what v is wrong by; red under another process than its own
    assert_mc(r / cos2, card, se / cos2, bias=.02 * card)
    x = fast_sample(model, model.sde, (32, 1, 14, 14), generator=seeded(4))
    assert x.abs().max() < 3 and (x.abs() < 1.1).float().mean() > .97 # a small network overshoots a few pixels
    seen = recipes.small(digits("train")[0], seeded(5)) # ink, and black pixels as many as digits have
    assert abs(x.mean() - seen.mean()) < .1 and abs((x < -.9).float().mean() - (seen < -.9).float().mean()) < .1


def test_losses_of_fresh_networks():
    x = dequantize(digits("test")[0][:8], seeded(0))
    fresh = recipes.untrained("mnist").eval() # says 0: the mean square of the noise is 1; red without the weighting
    with torch.no_grad(): losses = torch.stack([recipes.likelihood_loss(fresh, x, seeded(1, k)) for k in range(5)])
    assert_mc(losses.mean(), 1., se=(2 / (5 * x.numel())) ** .5)
    x = recipes.small(digits("test")[0][:64], seeded(0))
    fresh = recipes.untrained("digits-14-classes").eval() # at the clean end F is the noise: 1; red if not divided by the cosine
    terms = recipes.losses_by_level(fresh, x, torch.zeros(64).long(), (-20., 12.))
    assert_mc(terms["12"], 1., (2 / x.numel()) ** .5, bias=.01); assert abs(terms["-20"] - float((x / .6).square().mean())) < .02


def test_facts_of_a_model_whose_answers_are_known():
    "N(0, I): bits/dim by hand, plus log2(128) for the change of units; its samples are noise, 1 + y^2 away from a digit"
    known = recipes.digits_facts(Noise(), n=24, seed=3)
    held = digits("test")[0]
    pick = held[torch.randperm(len(held), generator=seeded(3))][:24].double()
    x2 = ((pick + .5) / 128 - 1) ** 2 + 1 / 12 / 128 ** 2
    want = ((x2 + torch.log(torch.tensor(2 * torch.pi))) / 2 / torch.log(torch.tensor(2.))).mean() + 7
    assert_mc(known["bits"][0], want, se=2e-4, bias=2e-3) # red for the training digits in place of the held-out ones
    far, least = known["near"]["samples"][1] ** 2, 1 + ((digits("train")[0] + .5) / 128 - 1).square().mean((1, 2, 3)).min()
    assert least * .85 < far < least * 1.15 and min(known["near"]["held-out digits"]) > .1
    class Run: ema = Noise()
    class Args: n_card = 24
    recipes.digits_facts, kept = (lambda model, n: known), recipes.digits_facts
    try: text = recipes.card_mnist(Args, Run, "none", None)
    finally: recipes.digits_facts = kept
    rows = dict(r.strip("| ").split(" | ") for r in text.splitlines() if r.startswith("|") and r.count(" | ") == 1)
    for k, name in (("samples", "RMS pixel distance to the nearest training digit, quartiles: 24 samples"), ("held-out digits", "the same for 24 held-out digits")):
        assert_close(torch.tensor([float(v) for v in rows[name].split(" / ")]), torch.tensor(known["near"][k]), rtol=0, atol=6e-4)
    assert rows["Training"] == "none" and "0 parameters" in text


def start(tmp_path, out):
    return subprocess.Popen([sys.executable, str(TRAIN), *map(str, TINY), "--out", out], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"})


def wait_for(path, after, p, limit=180):
    "Wait until a checkpoint newer than `after` is there"
    end = time.time() + limit
    while time.time() < end and p.poll() is None:
        if path.exists() and path.stat().st_mtime_ns > after: return path.stat().st_mtime_ns
        time.sleep(.01)
    return after


def test_stopped_training_ends_bit_identical(tmp_path):
    "kill -9 behind a checkpoint, then Ctrl-C or SIGTERM, which save and say how to go on, then to the end"
    whole = start(tmp_path, "whole"); assert whole.wait() == 0, whole.stderr.read()
    file = tmp_path / "cut" / "checkpoint.pt"
    p = start(tmp_path, "cut"); stamp = wait_for(file, 0, p)
    time.sleep(random.random() * .05); p.send_signal(signal.SIGKILL); p.wait()
    assert file.exists()
    p = start(tmp_path, "cut"); wait_for(file, stamp, p)
    p.send_signal(signal.SIGINT); err = p.communicate(timeout=120)[1]
    assert p.returncode == 0 or "resumes" in err and "Traceback" not in err, err
    p = start(tmp_path, "cut"); err = p.communicate(timeout=300)[1]
    assert p.returncode == 0, err
    a, b = ((tmp_path / d / "model" / "model.safetensors").read_bytes() for d in ("whole", "cut"))
    assert a == b
    r = subprocess.run([sys.executable, str(TRAIN), *map(str, TINY), "--lr", ".5", "--out", "cut"], cwd=tmp_path, capture_output=True, text=True)
    assert r.returncode == 1 and "lr" in r.stderr and "0.5" in r.stderr and "Traceback" not in r.stderr # another configuration is refused
