"""Train the prior of chapter 19: 64 x 64 ellipse phantoms (class 0) and slices of a brain template (class 1).

    python tools/train_medical.py                     # as shipped; resumes where it stopped
    python tools/train_medical.py --n-steps 200 --out runs/try
"""
import argparse
from pathlib import Path
import torch
import torch.nn.functional as F
from score_nb.core import seeded
from score_nb.hub import ScoreModel  # with save_pretrained
from score_nb.images import dequantize
from score_nb.medical import brain_slices, ellipse_phantoms
from score_nb.nets import UNet
from score_nb.sde import VP
from score_nb.training import fit
from train_table import losses_by_level, picture_loss # beside this file

SETTINGS = dict(batch_size=32, lr=1e-3, warmup=300, ema=0.999, seed=3)


def moved(x, n, generator):
    "n brain slices drawn from `x`, turned, scaled, shifted, mirrored, with another contrast: uint8 (n, 1, H, W)"
    i = torch.randint(len(x), (n,), generator=generator)
    def u(low, high): return low + (high - low) * torch.rand(n, generator=generator)
    turn, scale, stretch = u(-.25, .25), u(.9, 1.12), u(.92, 1.08)
    flip = (u(0, 1) < .5).float() * 2 - 1
    row0 = [turn.cos() * flip / scale, -turn.sin() / scale * stretch, u(-.08, .08)]
    row1 = [turn.sin() * flip / scale, turn.cos() / scale * stretch, u(-.08, .08)]
    A = torch.stack([torch.stack(row0, 1), torch.stack(row1, 1)], 1)
    grid = F.affine_grid(A, (n, *x.shape[1:]), align_corners=False)
    y = F.grid_sample(x[i].float() / 255, grid, mode="bicubic", align_corners=False).clamp(0, 1)
    y = y ** u(-.3, .3).exp()[:, None, None, None]
    return (y * u(.8, 1.)[:, None, None, None] * 255).round().to(torch.uint8)


def data():
    "20,000 training pictures, uint8, and their classes"
    phantoms = (ellipse_phantoms(12_000, generator=seeded(100)) * 255).round().to(torch.uint8)
    x = torch.cat([phantoms, moved(brain_slices("train"), 8_000, seeded(101))])
    return x, (torch.arange(20_000) >= 12_000).long()


def held_out():
    "64 new phantoms and 64 moved copies of held-out slices in [-1, 1], and their classes"
    phantoms = ellipse_phantoms(64, generator=seeded(102)) * 255
    x = torch.cat([phantoms, moved(brain_slices("test"), 64, seeded(103)).float()]).to(torch.uint8)
    return dequantize(x, seeded(1)), (torch.arange(128) >= 64).long()


def medical_model():
    "The network, untrained"
    torch.manual_seed(SETTINGS["seed"])
    net = UNet(channels=(64, 96), attention=(1,), patch=4, n_classes=2)
    return ScoreModel(net, VP(), data_std=.55, output="v").to(memory_format=torch.channels_last)


CARD = """# Phantoms and a brain, 64 x 64 pixels

A U-Net with {params:,} parameters for two classes, and the VP SDE (beta 0.1 to 20): the prior of chapter 19. Class 0: random ellipse phantoms. Class 1: axial slices of the MNI152 brain template. Pictures are grey, (B, 1, 64, 64) in [-1, 1].

**Not for clinical use.** It knows ellipses and one averaged brain. A reconstruction with it looks like these also where the patient does not.

| fact | value |
|---|---|
| Data | 12,000 phantoms (`ellipse_phantoms`, seed 100) and 8,000 turned, scaled, shifted, mirrored copies with changed contrast of 109 slices of nilearn's template (3 mm pixels); 24 slices in the middle and 6 on either side of them left out; uniformly dequantised to [-1, 1] |
| Output | v, the mixture of noise and data of chapter 07; weights stored in 16 bits, compute in 32: `load_pretrained("medical-64").float()` |
| Training | {training} |
| Time | about 5 to 10 ms a picture and evaluation on one core of a Xeon |

Held-out loss by log-SNR, mean square of the error of the network's output, per pixel: 64 new phantoms, and 64 moved copies of the 24 held-out slices, which lie at least 6 mm from training slices of the same brain:

| log-SNR | phantoms | brain |
|---|---|---|
{rows}

Use: chapter 19, tests and teaching. Limits: one brain, no disease, no noise model of a scanner, no phase; a prior of 64 x 64 pixels.
Licence: Apache-2.0. The MNI152 template (ICBM 2009a) is by the Montreal Neurological Institute, McGill University, and comes with nilearn, whose description leaves its licence open; see the terms of its authors.
"""


def save(model, out, training, **info):
    "Folder `out` with config.json, model.safetensors (16 bits) and README.md"
    (x, label), kinds = held_out(), []
    for k in (0, 1): kinds.append(losses_by_level(model, x[label == k], label[label == k]))
    rows = "\n".join(f"| {l} | {kinds[0][l]:.4f} | {kinds[1][l]:.4f} |" for l in kinds[0])
    text = CARD.format(params=sum(p.numel() for p in model.parameters()), training=training, rows=rows)
    info = {"shape": [1, 64, 64], "scaling": "[-1, 1]", "data": "ellipse phantoms (class 0), MNI152 template slices (class 1)",
            **{k: SETTINGS[k] for k in ("batch_size", "seed")}, **info}
    return model.half().save_pretrained(out, info=info, card=text)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--out", type=Path, default=Path("runs/medical"))
    ap.add_argument("--n-steps", type=int, default=5500)
    ap.add_argument("--fresh", action="store_true", help="start over even if there is a checkpoint")
    ap.add_argument("--quiet", action="store_true", help="no progress bar")
    a = ap.parse_args()
    x, label = data()
    hx, hy = held_out()
    run = fit(medical_model(), x, labels=label, n_steps=a.n_steps, loss=picture_loss, transform=lambda x, g: dequantize(x, g),
              evaluate=lambda model, step=None: losses_by_level(model, hx, hy), evaluate_every=1000,
              checkpoint_dir=a.out, checkpoint_every=250, resume=not a.fresh, progress=not a.quiet,
              mixed_precision="bf16", **SETTINGS)
    training = (f"{a.n_steps:,} steps of {SETTINGS['batch_size']} pictures, Adam {SETTINGS['lr']:g} with warm-up and cosine "
                f"decay, EMA {SETTINGS['ema']}: about 90 minutes on less than one core of a Xeon")
    print(save(run.ema, a.out / "model", training, n_steps=a.n_steps))


if __name__ == "__main__": main()
