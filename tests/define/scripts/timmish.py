"""Two parsers, as scripts have that read a configuration file before their options."""

import argparse

first = argparse.ArgumentParser(add_help=False)
first.add_argument("--config", default="", metavar="FILE")

parser = argparse.ArgumentParser()
group = parser.add_argument_group("optimizer")
group.add_argument("--opt", default="sgd", choices=["sgd", "adamw", "lamb"])
group.add_argument("--lr", type=float, default=None)
group.add_argument("--weight-decay", type=float, default=2e-5)
group.add_argument("--drop-path", type=float, default=None)
group.add_argument("--smoothing", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=300)
parser.add_argument("--warmup-epochs", type=int, default=5)
parser.add_argument("-b", "--batch-size", type=int, default=128)
parser.add_argument("--img-size", type=int, default=224)
parser.add_argument("--mean", type=float, nargs="+")


def main():
    _, remaining = first.parse_known_args()
    args = parser.parse_args(remaining)
    for epoch in range(3):
        print(
            f"*** epoch {epoch} train_loss={1 / (epoch + 1):.3f} eval_top1={50 + epoch + args.smoothing}"
        )


main()
