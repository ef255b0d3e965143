"""README, as a user types it."""
import torch, score_nb as nb
from score_nb.viz import show_images

model = nb.load_pretrained("mnist")
x = model.sample(8, generator=nb.seeded(0))
x = nb.fast_sample(model, model.sde, (8, 1, 28, 28), n_evals=20, generator=nb.seeded(0))
show_images(x)
held, labels = nb.digits("test")
bits, se = nb.bits_per_dim(model, model.sde, held[::60], generator=nb.seeded(1))
print(f"{bits:.2f} +- {se:.2f} bits per pixel")
op, y = nb.Inpaint(torch.arange(28)[:, None] < 14), held[3::120] / 127.5 - 1
x = nb.posterior_sample(model, model.sde, op, op(y), n=2, n_steps=200, generator=nb.seeded(2))
x = model.restore(op, op(y), n=2, method=nb.PiGDM())
show_images(torch.cat([op(y), *x]), ncol=5)
back = op.pinv(op(y)).clamp(-1, 1)
nats = model.log_prob(back).mean().item()
code = model.encode(back)
again = model.decode(nb.slerp(code[:1], code[1:2], .5))
clean = model.denoise(again, .5).clamp(-1, 1)
model.save_pretrained("mine", info={"shape": [1, 28, 28]})
size = model.shape[0] * len(nb.pretrained_names())
