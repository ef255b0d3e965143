from .engine import F, M, call, g, model, pictures, points, rand, vp

import torch
X, P = lambda: points().float(), lambda: pictures(2, 1, 8, dtype=F)
def seed(f, *a, **k): torch.manual_seed(0); return f(*a, **k).eval()
def mlp(): return seed(M.nets.MLP, 2, 16, 1, n_classes=3)
def unet(): return seed(M.nets.UNet, 1, channels=(8, 16), attention=())
NET = {f"{a}: {k}": "skip" for a in "xc" for k in ("nan", "inf", "-inf", "huge", "nan tensor")} # a network alone: ScoreModel looks at numbers
SPEC = [
    call("MLP", lambda: dict(dim=2, width=16, depth=1), run=lambda **k: seed(M.nets.MLP, **k)(X(), torch.zeros(3)), out_dim="count", embed="count", n_classes="count", label_dropout="positive0", dropout="positive0", alias=("x",)),
    call("MLP.__call__", lambda: dict(x=X(), c=torch.zeros(3), y=None), run=lambda **k: mlp()(k.pop("x"), k.pop("c"), *(v for v in k.values() if v is not None)), c="coefficient", y="labels", allow=NET),
    call("UNet", lambda: dict(in_channels=1, channels=(8, 16), attention=()), run=lambda **k: seed(M.nets.UNet, **k)(P(), torch.zeros(2)), in_channels="count", channels_in="count", out_channels="count", channels="anything", n_blocks="count", attention="anything", dropout="positive0", patch="count", n_classes="count", label_dropout="positive0", ndim="count"),
    call("UNet.__call__", lambda: dict(x=P(), c=torch.zeros(2)), run=lambda x, c, y=None: unet()(x, c, y), c="coefficient", y="labels", allow=NET),
    call("ScoreModel", lambda: dict(net=mlp(), sde=vp(), fine=(), data_std=1., output="noise"), run=lambda **k: seed(M.nets.ScoreModel, **k)(X(), .5), net="wrong", fine="anything"),
    call("ScoreModel.__call__", lambda: dict(x=X(), t=.5, y=1), run=lambda x, t, y=None: model(3)(x, t, y), y="labels", skip=("allow_none",), allow={"x: huge": "skip"}),
    call("ScoreModel.denoise", lambda: dict(x=X(), t=.5, y=1), run=lambda x, t, y=None: model(3).denoise(x, t, y), y="labels", allow={"x: huge": "skip"}),
    call("ScoreModel.sample", lambda: dict(n=2, y=1, n_evals=5, generator=g()), on=lambda: model(3), y="labels", alias=("score",)),
    call("ScoreModel.log_prob", lambda: dict(x=X(), rtol=.1, atol=.1), on=model, y="labels", errors=(RuntimeError,)),
    call("ScoreModel.encode", lambda: dict(x=X(), rtol=.1, atol=.1), on=model, y="labels", errors=(RuntimeError,)),
    call("ScoreModel.decode", lambda: dict(z=X(), rtol=.1, atol=.1), on=model, y="labels", errors=(RuntimeError,)),
    call("ScoreModel.restore", lambda: dict(operator=M.operators.Matrix(rand(1, 2, dtype=F)), y=rand(3, 1, dtype=F), noise_std=.1, n=2, n_steps=3, generator=g()), on=model, label="labels", alias=("x", "score")),
]
