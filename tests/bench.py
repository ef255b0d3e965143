"""Measured tables: what sampler and trainer cost on top of the network, and how close samples, flows, likelihoods and posteriors come to exact answers.

    make bench                                  # everything, several hours on 2 cores
    .venv/bin/python tests/bench.py overhead    # one table: overhead, steps, training, samples, likelihood, matrix, few, orders, parity, digits, unet or posterior
"""
import math, sys, time
from functools import partial
import torch
from torch import nn
from score_nb import (GaussianMixture, VE, VP, Cosine, SubVP, bits_per_dim, count_nfe, decode, dequantize, digits, encode, fast_sample, load_pretrained,
                      log_likelihood, posterior_sample, random_mixture, sample, seeded, sliced_w2)
from score_nb import (DDIM, AnnealedCorrector, Ancestral, EulerMaruyama, Heun, HMCCorrector, LangevinCorrector, Matrix, ReverseDiffusion, RungeKutta,
                      adaptive_sample, dsm_loss, multistep)
from score_nb.flow import flow_map
from score_nb.metrics import frechet_distance, w2_floor, weight_tv
from score_nb.nets import MLP, ScoreModel, UNet
from score_nb.objectives import elbo
from score_nb.training import fit

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
    for name, corrector in (("predictor", None), ("predictor-corrector", LangevinCorrector())):
        sampler(corrector); ratios = []
        for _ in range(rounds):
            a = network(n_steps)
            s, nfe = sampler(corrector)
            b = network(n_steps)
            ratios.append(s / (nfe * (a + b) / (2 * n_steps)))
        r = torch.tensor(ratios).sort()[0]
        print(f"{name:20s} {nfe:5d} evaluations  ratio {float(r.median()):.3f}  (min {float(r[0]):.3f}, max {float(r[-1]):.3f} of {rounds})")


def free_score(n=100, rounds=7, shape=(16, 3, 32, 32)):
    "Milliseconds a step with a score that costs nothing, above torch's own noise and arithmetic; and operators' pinv over the cached decomposition by hand"
    sde, x = VP(), torch.randn(shape, generator=seeded(0))
    free, a, b, c = (lambda x, t: x), .99, .1, .05

    def timed(f):
        f(); out = []
        for _ in range(rounds):
            start = time.perf_counter(); f(); out.append(time.perf_counter() - start)
        return sorted(out)[rounds // 2] / n * 1e3

    def torch_alone(noise):
        y, g = x, seeded(1)
        for _ in range(n): y = a * y + b * (c * y) + (c * torch.randn(shape, generator=g) if noise else 0.)

    print(f"\nA step of {'x'.join(map(str, shape))} with a free score, {torch.get_num_threads()} threads: milliseconds, and above torch's noise and arithmetic (goal: at most 0.20)\n")
    plain, quiet = timed(lambda: torch_alone(True)), timed(lambda: torch_alone(False))
    for name, step in (("reverse diffusion", ReverseDiffusion()), ("ancestral", Ancestral()), ("DDIM", DDIM()), ("fast", None)):
        run = (lambda: sample(free, sde, None, x=x, predictor=step, n_steps=n, generator=seeded(1))) if step else (lambda: fast_sample(free, sde, None, x=x, n_evals=n))
        ms = timed(run)
        print(f"{name:18s} {ms:6.3f}  above {ms - (quiet if name in ('DDIM', 'fast') else plain):6.3f}", flush=True)
    A, y = torch.randn(512, 4096, generator=seeded(2)), torch.randn(4, 512, generator=seeded(3))
    op = Matrix(A)
    op.pinv(y, damping=.1)
    U, s, Vt = (v.float() for v in torch.linalg.svd(A.double(), full_matrices=False))
    by_hand = timed(lambda: [(y @ U * (s / (s ** 2 + .1))) @ Vt for _ in range(n)])
    ours = timed(lambda: [op.pinv(y, damping=.1) for _ in range(n)])
    print(f"\npinv of Matrix 512x4096: {ours:.3f} ms, cached decomposition by hand {by_hand:.3f}, ratio {ours / by_hand:.2f} (goal: at most 1.5)")


def samples(n=4096, n_steps=1000, seeds=5):
    "Sliced W2 of predictor-corrector samples from exact scores over the distance between two exact sets"
    mix = random_mixture(8, 10, generator=seeded(0))
    floor = w2_floor(mix, n, repeats=10, generator=seeded(1))
    print(f"\nPredictor-corrector, exact score, mixture D=8 K=10, n={n}, {n_steps} steps, {seeds} seeds: sliced W2 over its floor {float(floor):.4f} (goal: at most 1.2)\n")
    for name, sde in SDES.items():
        for what, corrector in (("P", None), ("PC", LangevinCorrector())):
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
    correctors = {"none": None, "Langevin": LangevinCorrector(), "annealed": AnnealedCorrector(n=2), "HMC": HMCCorrector()}
    print(f"\nMatrix, exact score, mixture D=8 K=10, {n_steps} steps: sliced W2 over its floor {float(floor):.4f}, {seeds} sets of {n} (goal: at most 1.3)\n")
    print(f"{'':8s} {'':18s}" + "".join(f"{c:>16s}" for c in correctors))
    for name, sde in (SDES | {"cosine": Cosine()}).items():
        for predictor in (EulerMaruyama(), ReverseDiffusion(), Ancestral(), RungeKutta(), None):
            row, kw = [], dict(generator=seeded(2), dtype=torch.float64)
            for corrector in correctors.values() if predictor else (None,): # all sets in one batch: samples don't know of each other
                draw = partial(sample, predictor=predictor, corrector=corrector, n_steps=n_steps) if predictor else adaptive_sample
                x = draw(mix.at(sde), sde, (n * seeds, 8), **kw)
                r = torch.stack([sliced_w2(c, mix.sample(n, generator=seeded(3, k))) / floor for k, c in enumerate(x.split(n))]).square()
                row.append(f"{float(r.mean().sqrt()):8.2f} +- {float(r.std() / seeds ** .5 / 2 / r.mean().sqrt()):.2f}")
            print(f"{name:8s} {type(predictor).__name__ if predictor else 'adaptive_sample':18s}" + "".join(f"{v:>16s}" for v in row), flush=True)


def clean_end(mix, sde, x1):
    "Where the flow from x(1) arrives without noise: finely, and down to a noise of 1e-4 (for VE the same flow with a smaller sigma_min)"
    fine = VE(1e-4, sde.sigma_max) if isinstance(sde, VE) else sde
    return flow_map(mix.at(fine), fine, x1, 1., 1e-6, rtol=1e-7, atol=1e-8)


def solvers(data_std):
    "Few-step samplers by name, each a function (score, sde, x1, evaluations) -> x0"
    fast = lambda **kw: lambda score, sde, x1, n: fast_sample(score, sde, None, x=x1, n_evals=n, data_std=data_std, **kw)
    old = lambda grid, **kw: lambda score, sde, x1, n: multistep(score, sde, None, x=x1, n_evals=n, times=grid, **kw)
    by = lambda grid, predictor, cost: lambda score, sde, x1, n: sample(score, sde, None, x=x1, predictor=predictor, n_steps=max(1, (n - 1) // cost), times=grid)
    table = {}
    for grid in ("logsnr", "power", "uniform"):
        table |= {f"DDIM, {grid}": by(grid, DDIM(), 1), f"Heun, {grid}": by(grid, Heun(), 2), f"2M, {grid}": old(grid, order=2, correct=False),
                  f"3M, {grid}": old(grid, order=3, correct=False), f"3M corrected, {grid}": old(grid, order=3, correct=True)}
    return table | {"fast_sample, order 2": fast(order=2), "fast_sample": fast(), "fast_sample, order 4": fast(order=4)}


def few(n=2048, seeds=3, evaluations=(5, 10, 15, 20, 50), worst=99.):
    "Map error of few-step samplers against the exact flow from the same x(1), and sliced W2 at 20 evaluations"
    goal = "goal at 5/10/20: 0.8/0.4/0.18 and 0.12/0.035/0.010"
    for D, K in ((8, 10), (32, 20)):
        for name, sde in SDES.items():
            print(f"\nFew steps, exact score, mixtures D={D} K={K}, {name}, {seeds} seeds of {n} starts: map error over 0.15 sqrt(D), root mean square / median ({goal})\n")
            mixes = [random_mixture(D, K, generator=seeded(10, k)) for k in range(seeds)]
            starts = [sde.prior_sample((n, D), generator=seeded(11, k), dtype=torch.float64) for k in range(seeds)]
            ends = [clean_end(m, sde, x1) for m, x1 in zip(mixes, starts)]
            print(" " * 24 + "".join(f"{k:>16d}" for k in evaluations))
            for what, solve in solvers(1.).items():
                row = []
                for k in evaluations:
                    es, nfe = [], []
                    for m, x1, x0 in zip(mixes, starts, ends):
                        score = count_nfe(m.at(sde))
                        try: e = (solve(score, sde, x1, k) - x0).norm(dim=1) / (.15 * D ** .5)
                        except FloatingPointError: e = torch.full((n,), float("inf"))
                        es.append((float(e.square().mean().sqrt()), float(e.median()))); nfe.append(score.nfe)
                    assert max(nfe) <= k, (what, k, nfe)
                    a, b = torch.tensor(es).mean(0)
                    row.append(f"{float(a):.3f}/{float(b):.4f}" if float(a) < worst else "fails")
                print(f"{what:24s}" + "".join(f"{v:>16s}" for v in row), flush=True)
            for m, x1, x0, k in zip(mixes, starts, ends, range(seeds)):
                ref = m.sample(n, generator=seeded(12, k))
                a, b = (float(sliced_w2(x, ref)) for x in (fast_sample(m.at(sde), sde, None, x=x1, n_evals=20), x0))
                print(f"sliced W2 at 20 evaluations over the exact flow's, seed {k}: {a / b:.3f} (goal: within 5 %)")


def orders():
    "Slopes of the error against the number of evaluations, on a wide mixture in two dimensions"
    mix = GaussianMixture(torch.tensor([.4, .6]).double(), torch.tensor([[-1., 0.], [1., .5]]).double(), torch.stack([torch.eye(2).double() * .25, torch.eye(2).double() * .36]))
    print("\nConvergence orders without correction, wide mixture, 64 starts: slope from 32 to 128 evaluations (goal: 1, 2, 3 +- 0.2)\n")
    for name, sde in SDES.items():
        x1, row = sde.prior_sample((64, 2), generator=seeded(13), dtype=torch.float64), []
        x0 = clean_end(mix, sde, x1)
        for order in (1, 2, 3):
            e = [float((fast_sample(mix.at(sde), sde, None, x=x1, n_evals=k, order=order, correct=False) - x0).norm(dim=1).mean()) for k in (32, 128)]
            row.append(f"order {order}: {math.log2(e[0] / e[1]) / 2:.2f}")
        print(f"{name:7s} " + "  ".join(row), flush=True)


def likelihood(n=64, repeats=200):
    "Largest error of the log-likelihood in nats, the official settings beside it, and how often Hutchinson's error bars cover the exact value"
    mix = random_mixture(8, 10, generator=seeded(0))
    x = mix.sample(n, generator=seeded(4)); truth = mix.log_prob(x)
    print(f"\nLog-likelihood, exact score, mixture D=8 K=10, {n} points (goal: largest error at most 1e-3 nats with at most 60 evaluations)\n")
    for name, sde in SDES.items():
        for what, kw in (("defaults", {}), ("rk45", dict(solver="rk45")), ("rk45, published ends", dict(solver="rk45", correct=False))):
            score = count_nfe(mix.at(sde))
            e = log_likelihood(score, sde, x, **kw) - truth
            print(f"{name:7s} {what:22s} {score.nfe:4d} evaluations  largest error {float(e.abs().max()):.1e}  root mean square {float(e.square().mean().sqrt()):.1e}", flush=True)
    print(f"\nHutchinson's error bars, {repeats} repetitions of 10 probes at 4 points: how often t(9) times the bar covers the exact value (goal: 95 +- 3 %)\n")
    for name, sde in SDES.items():
        few, t9 = x[:4].repeat(repeats, 1), 2.262157
        exact = log_likelihood(mix.at(sde), sde, x[:4], solver="rk45", rtol=1e-4, atol=1e-4).repeat(repeats)
        h = log_likelihood(mix.at(sde), sde, few, trace="hutchinson", n_probes=10, rtol=1e-4, atol=1e-4, details=True, generator=seeded(5))
        hit = ((h.value - exact).abs() <= t9 * h.probe).double().reshape(repeats, -1).mean(0)
        print(f"{name:7s} " + "  ".join(f"{100 * float(p):.1f} %" for p in hit) + f"  mean {100 * float(hit.mean()):.1f} %", flush=True)


def parity(n=16):
    "Our RK45 against SciPy's, in the official variables and tolerances; and one point alone against a batch of 1000"
    try: from scipy.integrate import solve_ivp
    except ImportError: return print("\nParity with SciPy: skipped, SciPy is not installed")
    mix = random_mixture(8, 10, generator=seeded(0))
    print(f"\nFlow from 1 to eps, exact score, mixture D=8 K=10, {n} starts one by one, rtol = atol = 1e-5: evaluations and error\n")
    for name, sde in SDES.items():
        x1 = sde.prior_sample((n, 8), generator=seeded(14), dtype=torch.float64)
        fine, score = flow_map(mix.at(sde), sde, x1, 1., sde.eps, rtol=1e-9, atol=1e-10), mix.at(sde)
        theirs, ours, errors = [], [], []
        for a, b in zip(x1.split(1), fine.split(1)):
            f = lambda t, y: sde.flow_drift(score, torch.from_numpy(y)[None], torch.tensor([t], dtype=torch.float64))[0].numpy()
            r, c = solve_ivp(f, (1., sde.eps), a[0].numpy(), method="RK45", rtol=1e-5, atol=1e-5), count_nfe(score)
            x = flow_map(c, sde, a, 1., sde.eps, rtol=1e-5, atol=1e-5)
            theirs.append(r.nfev); ours.append(c.nfe); errors.append((abs(torch.from_numpy(r.y[:, -1]) - b[0]).max(), (x - b).abs().max()))
        e = torch.tensor(errors).median(0)[0]
        print(f"{name:7s} SciPy {sum(theirs) / n:6.1f}, error {float(e[0]):.1e}   ours {sum(ours) / n:6.1f}, error {float(e[1]):.1e} (medians of the largest component)", flush=True)
        batch = torch.cat([x1[:1], sde.prior_sample((999, 8), generator=seeded(15), dtype=torch.float64)])
        d = (flow_map(score, sde, batch, 1., sde.eps)[0] - flow_map(score, sde, x1[:1], 1., sde.eps)[0]).abs().max()
        print(f"        one start alone and in a batch of 1000: differ by {float(d):.1e}", flush=True)


def digits_flow(n=32):
    "Digits: encode and decode, and bits/dim of the shipped model by every convention"
    round_trip()
    mnist, held = load_pretrained("mnist"), digits("test")[0][:n]
    print(f"\nShipped digits model, {n} held-out digits: bits/dim\n")
    for what, kw in (("published convention", {}), ("closed ends", dict(correct=True)), ("closed ends, tilted noise", dict(correct=True, dequantization="tilted")),
                     ("closed ends, 4 draws", dict(correct=True, n_samples=4)), ("closed ends, tilted, 4 draws", dict(correct=True, dequantization="tilted", n_samples=4))):
        bits, se = bits_per_dim(mnist, mnist.sde, held, generator=seeded(6), **kw)
        print(f"{what:30s} {bits:.3f} +- {se:.3f}", flush=True)
    x, D = dequantize(held, seeded(7)), held[0].numel()
    g = seeded(8); bound = torch.stack([elbo(mnist, mnist.sde, x, generator=g) for _ in range(16)]).mean(0)
    bits = 7 - bound.double() / (D * math.log(2))
    print(f"{'bound (ELBO), 16 draws':30s} {float(bits.mean()):.3f} +- {float(bits.std() / n ** .5):.3f}", flush=True)


def round_trip():
    "Encode and decode all held-out 14x14 digits at rtol 1e-5"
    model, x = load_pretrained("digits-14").double(), small_digits(500)
    print(f"\nDigits 14x14, digits-14, {len(x)} held-out: encode then decode at rtol 1e-5, relative error (goal: 1e-3)\n")
    for atol in (1e-5, 1e-6):
        y = decode(model, model.sde, encode(model, model.sde, x, atol=atol), atol=atol)
        e = (y - x).norm(dim=1) / x.norm(dim=1)
        print(f"atol {atol:g}: all together {float((y - x).norm() / x.norm()):.1e}, largest {float(e.max()):.1e}, above 1e-3: {int((e > 1e-3).sum())}", flush=True)


def small_digits(n):
    "Held-out digits averaged over 2x2 pixels, float64, (n, 196)"
    return torch.nn.functional.avg_pool2d(dequantize(digits("test")[0][:n], seeded(1)), 2).flatten(1).double()


def train_judge(x, y, n_steps=600):
    "Chapter 16's convolutional classifier of 14x14 digits; all but its last layer gives 32 features"
    torch.manual_seed(0)
    net = nn.Sequential(nn.Unflatten(1, (1, 14, 14)), nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
                        nn.Flatten(), nn.Linear(32 * 49, 32), nn.ReLU(), nn.Dropout(.2), nn.Linear(32, 10))
    opt = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=.01)
    for k in range(n_steps):
        i = torch.randint(len(x), (128,), generator=seeded(39, k))
        loss = nn.functional.cross_entropy(net(x[i]), y[i])
        opt.zero_grad(); loss.backward(); opt.step()
    return net.eval()


@torch.no_grad()
def unet_digits(sets=4, more=192, n_steps=1000):
    "The shipped U-Net: predictor-corrector with 2000 evaluations against fast_sample with 20, both judged by Frechet distances and certainty"
    small = lambda split: (nn.functional.avg_pool2d(dequantize(digits(split)[0], seeded(0)), 2).flatten(1), digits(split)[1])
    (train, classes), (held, _) = small("train"), small("test")
    with torch.enable_grad(): judge = train_judge(train, classes)
    features, model = judge[:-1], load_pretrained("mnist")
    reference = features(train)
    def measure(x):
        p = judge(x).softmax(1).max(1)[0]
        return torch.tensor([frechet_distance(features(x), reference), frechet_distance(x, train), p.mean()])
    flat = lambda x: nn.functional.avg_pool2d(x, 2).flatten(1)
    pc = torch.cat([sample(model, model.sde, (32, 1, 28, 28), corrector=LangevinCorrector(.16), n_steps=n_steps, generator=seeded(271 + k)) for k in range(sets)])
    few, g = fast_sample(model, model.sde, (more, 1, 28, 28), n_evals=20, generator=seeded(28)), seeded(0)
    print(f"\nShipped U-Net, {len(pc)} digits each: Frechet distance in the judge's features, in pixels, mean certainty of the judge; mean and spread over 20 random subsets\n")
    print("predictor-corrector, 2000 evaluations  {:6.1f}          {:5.2f}          {:.3f}".format(*measure(flat(pc)).tolist()), flush=True)
    for what, x in ((f"fast_sample, 20 (subsets of {more})", flat(few)), ("held-out digits (subsets of 500)", held)):
        rows = torch.stack([measure(x[torch.randperm(len(x), generator=g)[:len(pc)]]) for _ in range(20)])
        print(f"{what:38s} " + "  ".join(f"{m:6.{d}f} +- {s:5.{d}f}" for m, s, d in zip(rows.mean(0).tolist(), rows.std(0).tolist(), (1, 2, 3))), flush=True)


def posterior_cases():
    "name -> (mixture, A, y (1, M), noise): D=8 with 3 measurements, D=16 with 8 (each with two seeds), and two whose posterior has several modes"
    out = {}
    for D, K, M, noise in ((8, 10, 3, .1), (8, 10, 3, .02), (16, 20, 8, .05)):
        for k in range(2):
            mix, A = random_mixture(D, K, generator=seeded(40, k)), torch.randn(M, D, generator=seeded(41, k), dtype=torch.float64) / D ** .5
            clean = mix.sample(1, generator=seeded(42, k)) @ A.mT
            out[f"D={D}, {M} at noise {noise}, seed {k}"] = mix, A, clean + noise * torch.randn(1, M, generator=seeded(43, k), dtype=torch.float64), noise
    groups = GaussianMixture([.25, .25, .5], [[-.8, 1.2], [-.6, -1.], [0., .1]], (.15 ** 2 * torch.eye(2)).expand(3, 2, 2))
    out["three groups in the plane"] = groups, torch.tensor([[1., 0.]], dtype=torch.float64), torch.tensor([[-.75]], dtype=torch.float64), .05
    a = torch.arange(12, dtype=torch.float64) * math.pi / 6
    w = .5 + torch.arange(12) % 3
    ring = GaussianMixture(w / w.sum(), torch.stack([a.cos(), a.sin(), (3 * a).cos(), (2 * a).sin()], 1), (.1 ** 2 * torch.eye(4)).expand(12, 4, 4))
    out["ring of 12 in D=4"] = ring, torch.eye(4, dtype=torch.float64)[:1], torch.tensor([[.1]], dtype=torch.float64), .1
    return out


def posterior(n=2048, evaluations=(50, 250, 1000), methods=("replacement", "dps", "pigdm", "mmps", "twisted")):
    "Posterior samplers against exact posteriors: sliced W2 over its floor, error of the mode weights, coverage of 90 % intervals"
    print(f"\nExact posteriors, VP, {n} samples: sliced W2 over its floor / mode weights off / coverage of 90 % intervals (goal for twisted at 1000: 1.5, 0.05)\n")
    totals = {}
    for name, (mix, A, y, noise) in posterior_cases().items():
        exact = mix.posterior(A, y[0], noise)
        truth, floor = exact.sample(n, generator=seeded(44)), w2_floor(exact, n, repeats=10, generator=seeded(45))
        many = exact.sample(20_000, generator=seeded(46))
        modes = ", ".join(f"{float(v):.2f}" for v in exact.weights.sort(descending=True)[0] if v > .005)
        print(f"{name} (weights of the modes: {modes})")
        for method in methods:
            row = []
            for k in evaluations:
                score = count_nfe(mix.at(VP()))
                try: x = posterior_sample(score, VP(), Matrix(A), y, noise_std=noise, method=method, n=n, n_steps=k, generator=seeded(47))[:, 0]
                except FloatingPointError: row.append(f"{'fails':>24s}"); continue
                lo, hi = x.quantile(.05, 0), x.quantile(.95, 0)
                covered = ((many > lo) & (many < hi)).double().mean()
                v = float(sliced_w2(x, truth) / floor), float(weight_tv(x, exact)), float(covered)
                totals.setdefault((name.split(", seed")[0], method, k), []).append(v)
                row.append(f"{v[0]:9.2f} /{v[1]:6.3f} /{v[2]:5.2f}")
            print(f"  {method:12s}" + " ".join(row), flush=True)
    print("\nMeans over the seeds\n")
    for (name, method, k), v in totals.items():
        if len(v) > 1: print(f"{name:24s} {method:12s} {k:5d}  " + " / ".join(f"{float(c):.3f}" for c in torch.tensor(v).mean(0)))


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
            return dsm_loss(m, sde, x, generator=g)
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
        model = make(); ours(lambda m, x, g: dsm_loss(m, sde, x, generator=g), 3); times = []
        for _ in range(rounds):
            a, t, b = timed(bare, n), timed(ours, n), timed(bare, n)
            times.append(((a + b) / 2 / t, 1 / t))
        r, speed = torch.tensor(times).T
        print(f"{name:32s} {float(speed.median()):8.1f} steps/s  ratio {float(r.median()):.3f}  (min {float(r.min()):.3f}, max {float(r.max()):.3f} of {rounds})", flush=True)


TABLES = dict(overhead=overhead, steps=free_score, training=training, samples=samples, likelihood=likelihood, matrix=matrix,
              few=few, orders=orders, parity=parity, digits=digits_flow, unet=unet_digits, posterior=posterior)

if __name__ == "__main__":
    for name in sys.argv[1:] or TABLES:
        start = time.perf_counter()
        TABLES[name]()
        print(f"\n({name}: {(time.perf_counter() - start) / 60:.1f} minutes)", flush=True)
