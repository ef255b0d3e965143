"""Train the small colour model of chapter 18 on CIFAR-10 (32 x 32 pixels).

    python tools/train_colour.py                       # the data set comes from the Hugging Face Hub; resumes where it stopped
    python tools/train_colour.py --data cifar10_train.parquet --held cifar10_test.parquet
    python tools/train_colour.py --n-steps 20 --out runs/try

Written for one processor core; on a GPU, more steps, larger batches and wider levels (`--channels`) take the same way. The shipped model `colour-32` was made with it, in 8,000 steps.
"""
import argparse
from pathlib import Path
import torch
from score_nb.core import seeded
from score_nb.hub import ScoreModel  # with save_pretrained
from score_nb.images import augment, dequantize, load_images
from score_nb.nets import UNet
from score_nb.sde import VP
from score_nb.training import fit
from train_table import losses_by_level, picture_loss # beside this file


def mirrored(images, generator=None):
    "uint8 images, half of them mirrored, in [-1, 1]"
    return dequantize(augment(images, generator, flip=.5), generator)


def colour_model(channels=(64, 128), seed=3):
    "The network, untrained"
    torch.manual_seed(seed)
    net = UNet(3, 3, channels=tuple(channels), attention=(1,), patch=2)
    return ScoreModel(net, VP(), data_std=.5, output="v").to(memory_format=torch.channels_last)


def card(model, training, losses):
    "The model card, Markdown"
    rows = "\n".join(f"| {l} | {v:.4f} |" for l, v in losses.items())
    return f"""# Small photographs of 32 x 32 pixels in colour

A U-Net with attention, {sum(p.numel() for p in model.parameters()):,} parameters, and the VP SDE (beta 0.1 to 20), for the colourisation of chapter 18 and `score_nb restore`. Samples have shape (B, 3, 32, 32) in [-1, 1].

| fact | value |
|---|---|
| Data | 50,000 training images of CIFAR-10, half of them mirrored, uniformly dequantised |
| Output | v, the mixture of noise and data of chapter 07; weights stored in 16 bits |
| Training | {training} |

Loss by log-SNR on held-out test images, mean square of the error of the network's output, per pixel (1 = nothing, at the clean end):

| log-SNR | loss |
|---|---|
{rows}

Use: inverse problems where the observation holds most of the picture: colourisation, deblurring, small gaps.
Limits: a small network, trained briefly; look at samples before you rely on it. It has seen 32 x 32 pixels and nothing larger, and neither likelihood nor sample quality was measured.
Licence: Apache-2.0. CIFAR-10 is by A. Krizhevsky.
"""


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--data", default="uoft-cs/cifar10", help="training images: anything `load_images` takes")
    ap.add_argument("--held", help="held-out images; default: the split `test` of --data")
    ap.add_argument("--out", type=Path, default=Path("runs/colour"))
    ap.add_argument("--n-steps", type=int, default=8000)
    ap.add_argument("--batch-size", type=int, default=32)
    ap.add_argument("--channels", type=int, nargs="+", default=[64, 128])
    ap.add_argument("--mixed-precision", choices=["no", "bf16", "fp16"], default="bf16")
    ap.add_argument("--fresh", action="store_true", help="start over even if there is a checkpoint")
    ap.add_argument("--quiet", action="store_true", help="no progress bar")
    a = ap.parse_args()
    images, _ = load_images(a.data)
    held, _ = load_images(a.held) if a.held else load_images(a.data, split="test")
    held = dequantize(held[:128], seeded(1))
    def evaluate(model, step=None): return losses_by_level(model, held.to(next(model.parameters()).device))
    run = fit(colour_model(a.channels), images, n_steps=a.n_steps, batch_size=a.batch_size, lr=1e-3, warmup=min(300, a.n_steps // 10 + 1),
              ema=.999, seed=3, loss=picture_loss, transform=mirrored, evaluate=evaluate, evaluate_every=1000, checkpoint_dir=a.out,
              checkpoint_every=250, resume=not a.fresh, mixed_precision=a.mixed_precision, progress=not a.quiet)
    training = f"{a.n_steps:,} steps of {a.batch_size} images, Adam 0.001 with warm-up and cosine decay, EMA 0.999, {a.mixed_precision}"
    info = {"shape": [3, 32, 32], "scaling": "[-1, 1]", "data": "CIFAR-10", "n_steps": a.n_steps, "batch_size": a.batch_size, "seed": 3}
    text = card(run.ema, training, evaluate(run.ema))
    print(run.ema.half().save_pretrained(a.out / "model", info=info, card=text))


if __name__ == "__main__": main()
