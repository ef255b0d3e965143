from .engine import M, call, g, points, rand, score, vp

A = lambda: rand(1, 2)
op = lambda: M.operators.Matrix(A())
m = lambda name, **k: getattr(M.inverse, name)(**k)
def problem(**k): return dict(score=score(), sde=vp(), operator=op(), y=op()(points()), noise_std=.1, n=2, n_steps=3, generator=g(), **k)
METHODS = dict(replacement="Replacement", pigdm="PiGDM", dps="DPS", mmps="MMPS", twisted="Twisted")
KINDS = dict(resample="count", predictor="step", corrector="step", data_std="positive", far="positive", step="positive", n_iter="count", dense="count0", twist="choice")
def method_call(name):
    def use(**k): return M.inverse.posterior_sample(**problem(method=m(METHODS[name], **k)))
    return use
SPEC = [
    *(call(f"posterior_sample/{name}", lambda name=name: problem(method=name), method="choice", alias=("x",), score="score" if name == "replacement" else "jacobian", allow={"operator: of another shape": "any"} | ({"score: detached": "any"} if name == "twisted" else {})) for name in METHODS),
    call("posterior_sample", lambda: problem(method=m("PiGDM")), method="wrong", score="jacobian", alias=("x",), allow={"method: a str": "error", "operator: of another shape": "any"}),
    call("posterior_score", lambda: dict(score=score(), sde=vp(), operator=op(), y=op()(points()), noise_std=.1, method=m("PiGDM"), x=points(), t=.5), run=lambda x, t, **k: M.inverse.posterior_score(**k)(x, t), method="wrong", score="jacobian"),
    *(call(f"posterior_score/{name}", lambda name=name: dict(score=score(), sde=vp(), operator=op(), y=op()(points()), noise_std=.1, method=m(METHODS[name]), x=points(), t=.5), run=lambda x, t, **k: M.inverse.posterior_score(**k)(x, t), method="wrong", score="jacobian") for name in ("dps", "mmps")),
    *(call(METHODS[name], run=method_call(name), **KINDS) for name in METHODS),
    call("interval_coverage", lambda: dict(samples=rand(5, 6, 2), truth=rand(6, 2, seed=2), level=.9), truth="batch"),
]
