"""Measured tables: what sampler and trainer cost on top of the network, and how close samples and likelihoods come to exact answers.

    make bench                                  # everything, about 45 minutes on 2 cores
    .venv/bin/python tests/bench.py overhead    # one table: overhead, training, samples, likelihood or matrix
"""
import sys, time
import torch
from score_nb import VE, VP, Cosine, SubVP, count_nfe, load_pretrained, log_likelihood, random_mixture, sample, seeded, sliced_w2
from score_nb.correctors import annealed_corrector, hmc_corrector, langevin_corrector
from score_nb.metrics import w2_floor
from score_nb.nets import MLP, ScoreModel, UNet
from score_nb.reverse import adaptive, ancestral, euler_maruyama, reverse_diffusion, runge_kutta
from score_nb.training import fit, noise_loss

SDES = {"VE": VE(), "VP": VP(), "sub-VP": SubVP()}


def overhead(batch=16, n_steps=20, rounds=7):
    "Time of `sample` over (evaluations x time of one network evaluation), both measured in turn; the median over rounds counts"
    model = load_pretrained("mnist", device="cuda" if torch.cuda.is_available() else "cpu")
    device, shape = next(model.parameters()).device, (batch, *model.info["shape"])
    x, t = torch.randn(shape, device=device), torch.full((batch,), .5, device=device)
    sync = torch.cuda.synchronize if device.type == "cuda" else lambda: None

    @torch.no_grad()
    def network(n):
        sync(); start = time.perf_counter()
        for _ in range(n): model(x, t)
        sync(); return time.perf_counter() - start

    def sampler(corrector):
        score = count_nfe(model)
        sync(); start = time.perf_counter()
        sample(score, model.sde, shape, corrector=corrector, n_steps=n_steps, generator=seeded(0, device=device))
        sync(); return time.perf_counter() - start, score.nfe

    print(f"Sampler overhead, shipped U-Net, batch {batch}, {device} (goal: at most 1.05)\n")
    for name, corrector in (("predictor", None), ("predictor-corrector", langevin_corrector())):
        sampler(corrector); ratios = []
        for _ in range(rounds):
            a = network(n_steps)
            s, nfe = sampler(corrector)
            b = network(n_steps)
            ratios.append(s / (nfe * (a + b) / (2 * n_steps)))
        r = torch.tensor(ratios).sort()[0]
        print(f"{name:20s} {nfe:5d} evaluations  ratio {float(r.median()):.3f}  (min {float(r[0]):.3f}, max {float(r[-1]):.3f} of {rounds})")


def samples(n=4096, n_steps=1000, seeds=5):
    "Sliced W2 of predictor-corrector samples from exact scores over the distance between two exact sets"
    mix = random_mixture(8, 10, generator=seeded(0))
    floor = w2_floor(mix, n, repeats=10, generator=seeded(1))
    print(f"\nPredictor-corrector, exact score, mixture D=8 K=10, n={n}, {n_steps} steps, {seeds} seeds: sliced W2 over its floor {float(floor):.4f} (goal: at most 1.2)\n")
    for name, sde in SDES.items():
        for what, corrector in (("P", None), ("PC", langevin_corrector())):
            score, ratios = count_nfe(mix.at(sde)), []
            for k in range(seeds):
                x = sample(score, sde, (n, 8), corrector=corrector, n_steps=n_steps, generator=seeded(2, k), dtype=torch.float64)
                ratios.append(sliced_w2(x, mix.sample(n, generator=seeded(3, k))) / floor)
            r = torch.stack(ratios)
            print(f"{name:7s} {what:3s} {score.nfe // seeds:5d} evaluations  {float(r.mean()):.3f} +- {float(r.std() / seeds ** .5):.3f}", flush=True)


def matrix(n=1024, n_steps=1000, seeds=3):
    "Every SDE with every predictor and corrector: sliced W2 of samples from exact scores over its floor, root mean square over seeds"
    mix = random_mixture(8, 10, generator=seeded(0))
    floor = w2_floor(mix, n, repeats=40, generator=seeded(1))
    correctors = {"none": None, "Langevin": langevin_corrector(), "annealed": annealed_corrector(n=2), "HMC": hmc_corrector()}
    print(f"\nMatrix, exact score, mixture D=8 K=10, {n_steps} steps: sliced W2 over its floor {float(floor):.4f}, {seeds} sets of {n} (goal: at most 1.3)\n")
    print(f"{'':8s} {'':18s}" + "".join(f"{c:>16s}" for c in correctors))
    for name, sde in (SDES | {"cosine": Cosine()}).items():
        for predictor in (euler_maruyama, reverse_diffusion, ancestral, runge_kutta, adaptive):
            row, grid = [], dict(n_steps=20, times="logsnr") if predictor is adaptive else dict(n_steps=n_steps) # adaptive divides its 20 legs itself
            for corrector in correctors.values(): # all sets in one batch: samples don't know of each other
                x = sample(mix.at(sde), sde, (n * seeds, 8), predictor=predictor, corrector=corrector, generator=seeded(2), dtype=torch.float64, **grid)
                r = torch.stack([sliced_w2(c, mix.sample(n, generator=seeded(3, k))) / floor for k, c in enumerate(x.split(n))]).square()
                row.append(f"{float(r.mean().sqrt()):8.2f} +- {float(r.std() / seeds ** .5 / 2 / r.mean().sqrt()):.2f}")
            print(f"{name:8s} {predictor.__name__:18s}" + "".join(f"{v:>16s}" for v in row), flush=True)


def likelihood(n=64):
    "Largest error of the log-likelihood in nats, and Hutchinson against exact"
    mix = random_mixture(8, 10, generator=seeded(0))
    x = mix.sample(n, generator=seeded(4)); truth = mix.log_prob(x)
    print(f"\nLog-likelihood, exact score, mixture D=8 K=10, {n} points, rtol = atol = 1e-5 (goal: largest error at most 2e-2 nats)\n")
    for name, sde in SDES.items():
        score = count_nfe(mix.at(sde))
        exact = log_likelihood(score, sde, x)
        nfe = score.nfe
        h = torch.stack([log_likelihood(mix.at(sde), sde, x, trace="hutchinson", rtol=1e-4, atol=1e-4, generator=seeded(5, k)) for k in range(20)])
        z = (h.mean(0) - exact) / (h.std(0) / len(h) ** .5)
        print(f"{name:7s} {nfe:4d} evaluations  largest error {float((exact - truth).abs().max()):.1e}  Hutchinson - exact: {float(z.abs().max()):.1f} standard errors at most, {float(z.pow(2).mean().sqrt()):.2f} in the mean square", flush=True)


def training(n_steps=25, rounds=7):
    "Steps per second of `fit` over those of a bare loop: same network, loss and optimiser, in turn; the median over rounds counts"
    device = "cuda" if torch.cuda.is_available() else "cpu"
    sync = torch.cuda.synchronize if device == "cuda" else lambda: None
    sde, images = VP(), torch.rand(512, 1, 28, 28, generator=seeded(0)) * 2 - 1
    points = torch.randn(20_000, 2, generator=seeded(1))
    unet = lambda: ScoreModel(UNet(1, channels=(32, 64)), sde).to(device)
    mlp = lambda: ScoreModel(MLP(2), sde).to(device)

    def timed(loop, n, skip=5):
        "Seconds a step, between step `skip` and the last: neither start nor end counts"
        marks, calls = [], iter(range(n))
        def loss(m, x, g=None):
            if next(calls) in (skip, n - 1): sync(); marks.append(time.perf_counter())
            return noise_loss(m, sde, x, generator=g)
        loop(loss, n)
        return (marks[1] - marks[0]) / (n - 1 - skip)

    def bare(loss, n):
        net = model.train()
        opt = torch.optim.Adam(net.parameters(), lr=1e-4)
        for _ in range(n):
            loss(net, data[torch.randint(len(data), (batch,))].to(device)).backward()
            opt.step(); opt.zero_grad()

    def ours(loss, n): fit(model, data, loss=loss, n_steps=n, batch_size=batch, lr=1e-4, warmup=5, progress=False, **kw)

    rows = [("U-Net, batch 16", unet, images, 16, n_steps, {}), ("MLP, batch 256", mlp, points, 256, 4 * n_steps, {}),
            ("MLP, batch 256, three averages", mlp, points, 256, 4 * n_steps, dict(ema=(.999, .99, .9)))]
    if device == "cuda":
        options = {"": {}, ", bf16": dict(mixed_precision="bf16"), ", compile": dict(compile=True), ", bf16, compile": dict(mixed_precision="bf16", compile=True)}
        rows = [("U-Net, batch 256" + k, unet, images, 256, 4 * n_steps, v) for k, v in options.items()] + rows[1:]
    print(f"\nTraining, {device}: steps per second of `fit` over those of a bare loop in float32 (goal: at least 0.95)\n")
    for name, make, data, batch, n, kw in rows:
        model = make(); ours(lambda m, x, g: noise_loss(m, sde, x, generator=g), 3); times = []
        for _ in range(rounds):
            a, t, b = timed(bare, n), timed(ours, n), timed(bare, n)
            times.append(((a + b) / 2 / t, 1 / t))
        r, speed = torch.tensor(times).T
        print(f"{name:32s} {float(speed.median()):8.1f} steps/s  ratio {float(r.median()):.3f}  (min {float(r.min()):.3f}, max {float(r.max()):.3f} of {rounds})", flush=True)


TABLES = dict(overhead=overhead, training=training, samples=samples, likelihood=likelihood, matrix=matrix)

if __name__ == "__main__":
    for name in sys.argv[1:] or TABLES: TABLES[name]()
