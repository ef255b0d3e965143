from .engine import M, call, g, gm, points, rand, vp

A = lambda: rand(1, 2)
def energy(): return M.densities.Energy(lambda x: x.square().sum(1))
def gauss(): return M.densities.Gaussian([1., 0.], [[1., .2], [.2, 1.]])

SPEC = [
    call("Energy", lambda: dict(f=lambda x: x.square().sum(1)), then=lambda e: (e.score(points()), e.log_prob(points())), allow={"f: returns a number": "error", "f: returns numpy": "error", "f: returns nan": "any"}),
    call("Energy.log_prob", lambda: dict(x=points()), on=energy),
    call("Energy.score", lambda: dict(x=points()), on=energy),
    call("GaussianMixture", lambda: dict(weights=gm().weights, means=gm().means, covs=gm().covs), then=lambda d: d.log_prob(points()), means="batch", covs="batch", alias=("means", "covs", "weights")),
    *(call(f"GaussianMixture.{m}", lambda: dict(x=points()), on=gm) for m in ("log_prob", "score", "responsibilities")),
    call("GaussianMixture.sample", lambda: dict(n=3, generator=g()), on=gm),
    call("GaussianMixture.diffused", lambda: dict(alpha=.5, sigma=.5), on=gm, alpha="real", then=lambda d: d.log_prob(points())),
    call("GaussianMixture.at", lambda: dict(sde=vp(), x=points(), t=.5), run=lambda sde, x, t: gm().at(sde)(x, t), allow={f"x: {k}": "skip" for k in ("nan", "inf", "-inf")}),
    call("GaussianMixture.posterior", lambda: dict(A=A(), y=rand(1), noise_std=.1), on=gm, A="batch", then=lambda d: d.log_prob(points())),
    call("Gaussian", lambda: dict(mean=[1., 0.], cov=[[1., .2], [.2, 1.]]), then=lambda d: (d.log_prob(points()), d.mean, d.cov), mean="batch", cov="batch", alias=("mean", "cov")),
    *(call(f"GaussianMixture.{m}/Gaussian", lambda: dict(x=points()), on=gauss) for m in ("log_prob", "score")),
    call("random_mixture", lambda: dict(D=2, K=3, scale=.15, generator=g()), D="count", K="count", scale="positive", then=lambda d: (d.weights, d.means, d.covs)),
    *(call(n, lambda: dict(n=5, noise=.1, generator=g())) for n in ("two_moons", "spirals", "eight_gaussians")),
    call("checkerboard", lambda: dict(n=5, generator=g())),
]
