from .engine import M, call, pictures, points, rand

import torch
O = lambda n: getattr(M.operators, n)
MADE = dict(
    Matrix=(lambda: O("Matrix")(rand(1, 2)), points), Inpaint=(lambda: O("Inpaint")(torch.tensor([1, 0])), points),
    Grayscale=(lambda: O("Grayscale")(), lambda: pictures(2, 3, 4)), Downsample=(lambda: O("Downsample")(2), lambda: pictures(2, 1, 4)),
    Blur=(lambda: O("Blur")(torch.ones(3, 3) / 9), lambda: pictures(2, 1, 6)), LinearOperator=(lambda: O("LinearOperator")(lambda x: x[:, :1] * 2, (2,)), points),
    Radon=(lambda: M.medical.Radon(6, torch.arange(0, 180, 60.)), lambda: pictures(2, 1, 6)), FourierMask=(lambda: M.medical.FourierMask(torch.ones(6, 6)), lambda: pictures(2, 1, 6)))
WIDE = {f"{a}: {k}": "any" for a in "xyv" for k in ("nan", "inf", "-inf", "complex64", "complex128")}

SPEC = [
    call("Operator", lambda: dict(forward=lambda x: x[:, :1] ** 2, in_shape=(2,)), then=lambda o: o(points()), forward="function", in_shape="shape",
         alias=("x",), allow={f"in_shape: {k}": "any" for k in ("one axis", "no axes")} | {"forward: returns a number": "error", "forward: returns numpy": "error", "forward: returns nan": "any"}),
    call("LinearOperator", lambda: dict(forward=lambda x: x[:, :1] * 2, in_shape=(2,)), then=lambda o: o(points()), forward="function", in_shape="shape",
         alias=("x",), allow={f"in_shape: {k}": "any" for k in ("one axis", "no axes")} | {"forward: returns a number": "error", "forward: returns numpy": "error", "forward: returns nan": "any"}),
    call("Matrix", lambda: dict(A=rand(1, 2)), then=lambda o: o(points()), A="batch", in_shape="shape", alias=("x",), allow={f"in_shape: {k}": "any" for k in ("one axis", "no axes", "another width")}),
    call("Inpaint", lambda: dict(mask=torch.tensor([1., 0.])), then=lambda o: o(points())),
    call("Inpaint/one a sample", lambda: dict(mask=torch.tensor([[[[1., 0.], [1., 1.]]], [[[0., 0.], [1., 1.]]]])), then=lambda o: o(pictures(2, 1, 2))),
    call("Grayscale", lambda: dict(weights=(.3, .6, .1)), then=lambda o: o(pictures(2, 3, 4)), in_shape="shape", alias=("x",), allow={f"in_shape: {k}": "any" for k in ("one axis", "no axes", "another width")}),
    call("Downsample", lambda: dict(factor=2), then=lambda o: o(pictures(2, 1, 4)), in_shape="shape"),
    call("Blur", lambda: dict(kernel=torch.ones(3, 3) / 9), then=lambda o: o(pictures(2, 1, 6)), in_shape="shape", alias=("x",)),
    *(call(f"Operator.__call__/{n}", lambda x=x: dict(x=x()), run=lambda x, o=o: o()(x), allow=WIDE) for n, (o, x) in MADE.items()),
    *(call(f"LinearOperator.adjoint/{n}", lambda o=o, x=x: dict(v=o()(x())), run=lambda v, o=o: o().adjoint(v), v="measured", alias=("y",), allow=WIDE) for n, (o, x) in MADE.items()),
    *(call(f"LinearOperator.pinv/{n}", lambda o=o, x=x: dict(y=o()(x()), damping=.1), run=lambda y, damping, o=o: o().pinv(y, damping=damping), allow=WIDE) for n, (o, x) in MADE.items()),
    *(call(f"LinearOperator.spectrum/{n}", lambda o=o, x=x: dict(y=o()(x())), run=lambda y, o=o: (o().spectrum(y) or (0,))[:2], allow=WIDE) for n, (o, x) in MADE.items() if n != "LinearOperator"),
    call("Inpaint.take", lambda: dict(rows=torch.tensor([1, 0])), run=lambda rows: O("Inpaint")(torch.tensor([[[[1., 0.]]], [[[0., 1.]]]])).take(rows)(pictures(2, 1, 2)[:, :, :1]), rows="anything", allow={"rows: *": "loose"}),
    call("FourierMask.take", lambda: dict(rows=torch.tensor([1, 0])), run=lambda rows: M.medical.FourierMask(torch.ones(2, 6, 6)).take(rows)(pictures(2, 1, 6)), rows="anything", allow={"rows: *": "loose"}),
]
