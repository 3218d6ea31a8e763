"""Sparse convolutional network on spoken digits: a script that knows nothing of hpo-tui.

Everything comes by options and goes to stdout, so ``study.toml`` beside it is all that a study
needs. The network follows "How Can We Be So Dense? The Benefits of Using Highly Sparse
Representations" (Ahmad and Scheinkman, 2019): static random weights are switched off, and of each
layer's units only the k strongest stay active.

    python train.py --data recordings --epochs 5
"""

import argparse
import math
import wave
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

RATE, SAMPLES = 8000, 8000  # one second
BANDS, FRAMES = 32, 32


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder of {digit}_{speaker}_{index}.wav")
    add("--epochs", type=int, default=60)
    add("--lr", type=float, default=0.02, help="peak of the one-cycle schedule")
    add("--warmup", type=float, default=0.3, help="share of the training in which the rate rises")
    add("--log2-batch", type=int, default=6)
    add("--weight-decay", type=float, default=1e-4)
    add("--channels", type=int, default=32, help="of the first layer; twice as many in the second")
    add("--units", type=int, default=256, help="of the hidden layer")
    add("--conv-sparsity", type=float, default=0.7, help="share of the second layer's weights off")
    add(
        "--linear-sparsity", type=float, default=0.9, help="share of the hidden layer's weights off"
    )
    add("--active", type=float, default=0.2, help="share of units that stay active")
    add("--optimizer", choices=["sgd", "adamw"], default="sgd")
    add("--momentum", type=float, default=0.9)
    add("--seed", type=int, default=0)
    add("--checkpoint", type=Path, help="folder to write")
    add("--resume", type=Path, help="folder to go on from")
    return parser.parse_args()


def mel_filters() -> torch.Tensor:
    """Triangles on the mel scale, (129, BANDS)."""
    mel = np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    hertz = np.linspace(0, RATE / 2, 129)[:, None]
    rise = (hertz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - hertz) / (edges[2:] - edges[1:-1])
    return torch.tensor(np.clip(np.minimum(rise, fall), 0, None), dtype=torch.float32)


def spectrogram(path: Path, filters: torch.Tensor) -> torch.Tensor:
    """The log-mel spectrogram of one recording, (BANDS, FRAMES)."""
    with wave.open(str(path)) as file:
        sound = np.frombuffer(file.readframes(SAMPLES), dtype=np.int16)
    sound = torch.tensor(np.pad(sound, (0, SAMPLES - len(sound))) / 32768.0, dtype=torch.float32)
    window = torch.hann_window(256)
    power = torch.stft(sound, 256, 252, window=window, return_complex=True).abs() ** 2
    return (power.T @ filters + 1e-6).log().T[:, :FRAMES]


def load(folder: Path) -> tuple[torch.Tensor, ...]:
    """Training and test sets; recordings 0 to 4 of each digit and speaker are the test."""
    paths = sorted(folder.glob("*_*_*.wav"))
    if not paths:
        raise SystemExit(f"no {{digit}}_{{speaker}}_{{index}}.wav in {folder}")
    filters = mel_filters()
    x = torch.stack([spectrogram(p, filters) for p in paths]).unsqueeze(1)
    y = torch.tensor([int(p.name[0]) for p in paths])
    test = torch.tensor([int(p.stem.rsplit("_", 1)[1]) < 5 for p in paths])
    x = (x - x[~test].mean()) / x[~test].std()
    return x[~test], y[~test], x[test], y[test]


class KWinners(nn.Module):
    """Keeps the strongest share of units and silences the others."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        flat = x.flatten(1)
        k = max(1, round(self.share * flat.shape[1]))
        least = flat.topk(k, dim=1).values[:, -1:]
        return (flat * (flat >= least)).view_as(x)


def sparsify(layer: nn.Conv2d | nn.Linear, sparsity: float) -> nn.Module:
    """Switch a random share of a layer's weights off for good."""
    with torch.no_grad():
        kept = max(1, round((1 - sparsity) * layer.weight.numel()))
        mask = torch.zeros(layer.weight.numel())
        mask[torch.randperm(len(mask))[:kept]] = 1
        layer.register_buffer("mask", mask.view_as(layer.weight))
        layer.weight.mul_(layer.mask / math.sqrt(kept / len(mask)))
    return layer


def build(o: argparse.Namespace) -> nn.Sequential:
    c = o.channels
    return nn.Sequential(
        nn.Conv2d(1, c, 5, padding=2), nn.BatchNorm2d(c), nn.MaxPool2d(2), KWinners(o.active),
        sparsify(nn.Conv2d(c, 2 * c, 5, padding=2), o.conv_sparsity), nn.BatchNorm2d(2 * c),
        nn.MaxPool2d(4), KWinners(o.active), nn.Flatten(),
        sparsify(nn.Linear(2 * c * 16, o.units), o.linear_sparsity), nn.BatchNorm1d(o.units),
        KWinners(o.active), nn.Linear(o.units, 10),
    )  # fmt: skip


def enforce(model: nn.Module) -> None:
    """Keep what is switched off at zero."""
    with torch.no_grad():
        for layer in model:
            if hasattr(layer, "mask"):
                layer.weight.mul_(layer.mask)


def count_nonzero(model: nn.Module) -> int:
    return sum(int(p.count_nonzero()) for n, p in model.named_parameters() if n.endswith("weight"))


def main() -> None:
    o = options()
    torch.manual_seed(o.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    train_x, train_y, test_x, test_y = (t.to(device) for t in load(o.data))
    model = build(o).to(device)
    if o.optimizer == "sgd":
        optimizer = torch.optim.SGD(
            model.parameters(), o.lr, o.momentum, weight_decay=o.weight_decay
        )
    else:
        optimizer = torch.optim.AdamW(model.parameters(), o.lr / 10, weight_decay=o.weight_decay)
    peak, done = optimizer.param_groups[0]["lr"], 0
    if o.resume and (o.resume / "state.pt").exists():
        state = torch.load(o.resume / "state.pt", map_location=device)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        done = state["epochs"]
    steps = math.ceil(len(train_x) / 2**o.log2_batch)
    for epoch in range(done, o.epochs):
        model.train()
        order = torch.randperm(len(train_x), device=device)
        for i, batch in enumerate(order.split(2**o.log2_batch)):
            # One cycle over the epochs of this run: a shorter task has a shorter schedule.
            at = (epoch + i / steps) / o.epochs
            rise, fall = at / o.warmup, (at - o.warmup) / (1 - o.warmup)
            factor = rise if at < o.warmup else (1 + math.cos(math.pi * fall)) / 2
            optimizer.param_groups[0]["lr"] = peak * max(factor, 0.01)
            shift = int(torch.randint(-3, 4, ()))
            loss = F.cross_entropy(model(train_x[batch].roll(shift, 3)), train_y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            enforce(model)
        model.eval()
        with torch.no_grad():
            accuracy = (model(test_x).argmax(1) == test_y).float().mean().item()
        print(f"epoch={epoch + 1} accuracy={accuracy:.4f} nonzero_weights={count_nonzero(model)}"
              f" loss={loss.item():.4f}", flush=True)  # fmt: skip
        if o.checkpoint:
            o.checkpoint.mkdir(parents=True, exist_ok=True)
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save(state | {"epochs": epoch + 1}, o.checkpoint / "state.new")
            (o.checkpoint / "state.new").replace(o.checkpoint / "state.pt")


if __name__ == "__main__":
    main()
