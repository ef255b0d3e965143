"""A network of one's own in a ScoreModel, trained, conditioned and saved."""
import torch
from torch import Tensor, nn
import score_nb as nb


class Net(nn.Module):
    def __init__(self, width: int = 64):
        super().__init__()
        self.config = dict(width=width)
        self.layers = nn.Sequential(nn.Linear(3, width), nn.SiLU(), nn.Linear(width, 2))
    def forward(self, x: Tensor, c: Tensor) -> Tensor: return self.layers(torch.cat([x, c[:, None]], 1))


data = torch.randn(1000, 2)
model = nb.ScoreModel(Net(), nb.VP(), data_std=1., output="v")
run = nb.fit(model, data, n_steps=100, batch_size=32, lr=1e-3, progress=False)
last = run.losses[-1] + run.step
average = run.ema
guided = nb.ScoreModel(nb.MLP(2, 32, n_classes=3), nb.VE(.01, 10.))
nb.fit(guided, data, condition=torch.zeros(1000, dtype=torch.long), n_steps=100, checkpoint_dir="runs/mine", resume=True, evaluate=lambda m, k: {"k": float(k)})
ones = nb.given(guided, 1)
x = nb.sample(ones, guided.sde, (8, 2), n_steps=20)
x = guided.sample(8, torch.arange(8) % 3, n_evals=10, generator=nb.seeded(0))
x = nb.sample(nb.classifier_free(ones, guided, scale=2.), guided.sde, (8, 2), n_steps=20)
x = nb.sample(nb.classifier_guided(model, lambda x, t: -x.square().sum(1), scale=1.), model.sde, (8, 2), n_steps=20)
counted = nb.count_nfe(model)
x = nb.fast_sample(counted, model.sde, (8, 2))
print(counted.nfe + 1, sum(p.numel() for p in model.parameters()))
pictures, labels = nb.load_images("pictures/", size=32, channels=3)
unet = nb.ScoreModel(nb.UNet(3, channels=(64, 96)), nb.VP())
nb.fit(unet, pictures, transform=nb.dequantize, n_steps=20_000, batch_size=64)
