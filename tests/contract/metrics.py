from .engine import call, g, gm, points

X, Y = lambda: points(7), lambda: gm().sample(6, generator=g(2))
SPEC = [
    call("sliced_w2", lambda: dict(x=X(), y=Y(), n_proj=4, generator=g())),
    call("mode_weights", lambda: dict(x=X(), mixture=gm()), mixture="wrong"),
    call("energy_distance", lambda: dict(x=X(), y=Y())),
    call("c2st", lambda: dict(x=points(20), y=gm().sample(20, generator=g(2)), folds=2, generator=g()), needs="sklearn", folds="count"),
    call("nearest_distance", lambda: dict(x=X(), data=Y())),
    call("frechet_distance", lambda: dict(x=points(9), y=points(8))),
    call("w2_floor", lambda: dict(density=gm(), n=5, repeats=2, n_proj=4, generator=g()), ),
]
