"""Several processes for one trial: data-parallel training under ``torch.distributed.run``.

Only the process of rank 0 reports and saves. With GPUs the trial sees those that it has leased
(``gpus_per_trial`` in study.toml), and each process takes the one of its local rank.
"""

import os

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from hpo_tui import trial


def main() -> None:
    p = {"lr": 0.01, "width": 32} | trial.params
    cuda = torch.cuda.is_available()
    dist.init_process_group("nccl" if cuda else "gloo")
    rank, world = dist.get_rank(), dist.get_world_size()
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if cuda else torch.device("cpu")
    torch.manual_seed(trial.seed)
    x = torch.linspace(-3, 3, 512).view(-1, 1).to(device)
    y = torch.sin(x)
    net = nn.Sequential(nn.Linear(1, p["width"]), nn.Tanh(), nn.Linear(p["width"], 1)).to(device)
    model = DistributedDataParallel(net)
    optimizer = torch.optim.Adam(model.parameters(), p["lr"])
    done = 0
    if trial.resume:
        state = torch.load(trial.resume / "last.pt", map_location=device)
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        done = state["epoch"]
    for epoch in range(done + 1, int(trial.fidelity.get("epochs", 8)) + 1):
        for batch in torch.arange(rank, len(x), world, device=device).split(64):
            loss = nn.functional.mse_loss(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if rank == 0:
            with torch.no_grad():
                trial.report(epoch, val_error=nn.functional.mse_loss(net(x), y), processes=world)
            state = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}
            torch.save(state, trial.checkpoint / "last.new")
            (trial.checkpoint / "last.new").replace(trial.checkpoint / "last.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
