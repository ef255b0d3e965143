"""Measured tables: what the sampler costs on top of the network, and how close samples and likelihoods come to exact answers.

    make bench                                  # everything, about 15 minutes on 2 cores
    .venv/bin/python tests/bench.py overhead    # one table: overhead, samples or likelihood
"""
import sys, time
import torch
from score_nb import VE, VP, SubVP, bits_per_dim, count_nfe, langevin_corrector, load_pretrained, log_likelihood, random_mixture, sample, seeded, sliced_w2
from score_nb.metrics import w2_floor

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


if __name__ == "__main__":
    for name in sys.argv[1:] or ("overhead", "samples", "likelihood"): {"overhead": overhead, "samples": samples, "likelihood": likelihood}[name]()
