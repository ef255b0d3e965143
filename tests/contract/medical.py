from .engine import M, call, g, picture_score, pictures, vp

import torch
rad = lambda: M.medical.Radon(6, torch.arange(0, 180, 60.))
y = lambda: rad()(pictures(2, 1, 6))
W = {f"{a}: {k}": "any" for a in ("y",) for k in ("nan", "inf", "-inf")}
SPEC = [
    call("Radon", lambda: dict(size=6, angles=torch.arange(0, 180, 60.)), then=lambda o: o(pictures(2, 1, 6)), angles="batch", n_detectors="count"),
    call("FourierMask", lambda: dict(mask=torch.ones(6, 6), coils=torch.ones(1, 6, 6, dtype=torch.complex64)), then=lambda o: o(pictures(2, 1, 6)), coils="anything"),
    call("fbp", lambda: dict(y=y(), operator=rad())),
    call("tv_reconstruct", lambda: dict(y=y(), operator=rad(), weight=.01, n_iter=2), weight="positive0"),
    call("ellipse_phantoms", lambda: dict(n=2, size=8, generator=g())),
    call("brain_slices", lambda: dict(split="test", size=16), needs="nilearn"),
    call("reconstruct", lambda: dict(score=picture_score(1, 6, 6), sde=vp(), operator=rad(), y=y(), noise_std=.1, method="pigdm", n=2, n_steps=3, generator=g()), score="jacobian", inf=True),
    call("line_mask", lambda: dict(size=8, factor=2., centre=.1, generator=g()), factor="positive", centre="positive"),
]
