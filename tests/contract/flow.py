from .engine import M, D, call, g, points, score, vp

O = lambda: dict(rtol=1e-2, atol=1e-2)
SPEC = [
    call("ode_sample", lambda: dict(score=score(), sde=vp(), shape=(3, 2), generator=g(), dtype=D, **O()), errors=(RuntimeError,)),
    call("ode_sample/rk4", lambda: dict(score=score(), sde=vp(), shape=(3, 2), generator=g(), dtype=D, method="rk4", n_steps=3), allow={"rtol: *": "any", "atol: *": "any", "max_evals: *": "any"}, errors=(RuntimeError,)),
    call("ode_sample/from .5", lambda: dict(score=score(), sde=vp(), shape=None, x=points(), t=.5, **O()), shape="anything", allow={"shape: *": "any"}, errors=(RuntimeError,)),
    call("encode", lambda: dict(score=score(), sde=vp(), x=points(), **O()), errors=(RuntimeError,)),
    call("encode/euler", lambda: dict(score=score(), sde=vp(), x=points(), method="euler", n_steps=3), errors=(RuntimeError,)),
    call("decode", lambda: dict(score=score(), sde=vp(), z=points(), **O()), errors=(RuntimeError,)),
    call("slerp", lambda: dict(a=points(), b=points(4)[1:], w=.3)),
    call("slerp/one w a row", lambda: dict(a=points(), b=points(4)[1:], w=M.core.clock(points()[:, 0])), w="batch"),
]
