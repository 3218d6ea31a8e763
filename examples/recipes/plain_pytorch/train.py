"""A PyTorch script that knows nothing of studies: options in, printed lines out.

It learns y = sin(x) with a small network, saves a checkpoint after every epoch, and goes on from
one that it is given, as many scripts do.
"""

import argparse
from pathlib import Path

import torch
from torch import nn


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--save", type=Path, default=Path("checkpoint"))
    parser.add_argument("--resume", type=Path)
    args = parser.parse_args()

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    x = torch.rand(512, 1, device=device) * 6 - 3
    y = torch.sin(x)
    model = nn.Sequential(nn.Linear(1, args.width), nn.Tanh(), nn.Linear(args.width, 1)).to(device)
    optimizer = torch.optim.Adam(model.parameters(), args.lr)
    done = 0
    if args.resume:
        state = torch.load(args.resume / "last.pt", map_location=device)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        done = state["epoch"]
    args.save.mkdir(parents=True, exist_ok=True)
    for epoch in range(done + 1, args.epochs + 1):
        for batch in torch.randperm(len(x), device=device).split(64):
            loss = nn.functional.mse_loss(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            error = nn.functional.mse_loss(model(x), y)
        print(f"Epoch {epoch}/{args.epochs}  loss: {loss.item():.4g}  val_error: {error:.4g}")
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}
        torch.save(state, args.save / "last.new")
        (args.save / "last.new").replace(args.save / "last.pt")


if __name__ == "__main__":
    main()
