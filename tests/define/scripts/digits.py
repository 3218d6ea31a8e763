"""In the style of the well-known first example of deep learning frameworks."""

import argparse
import math
import time


def train(args, epoch):
    for batch in range(4):
        if batch % args.log_interval == 0:
            done = batch * args.batch_size
            print(
                f"Train Epoch: {epoch} [{done}/256 ({25 * batch}%)]\tLoss: {1 / (epoch + batch):.6f}"
            )
        if args.dry_run:
            break
    time.sleep(0.02)


def test(args, epoch):
    accuracy = 90 + 8 * (1 - math.exp(-epoch * args.lr)) * args.gamma
    print(
        f"\nTest set: Average loss: {1 / epoch:.4f}, "
        f"Accuracy: {int(accuracy * 100)}/10000 ({accuracy:.0f}%)\n"
    )


def main():
    parser = argparse.ArgumentParser(description="Digits")
    parser.add_argument(
        "--batch-size",
        type=int,
        default=64,
        metavar="N",
        help="input batch size for training (default: 64)",
    )
    parser.add_argument("--test-batch-size", type=int, default=1000, metavar="N")
    parser.add_argument(
        "--epochs",
        type=int,
        default=14,
        metavar="N",
        help="number of epochs to train (default: 14)",
    )
    parser.add_argument(
        "--lr", type=float, default=1.0, metavar="LR", help="learning rate (default: 1.0)"
    )
    parser.add_argument("--gamma", type=float, default=0.7, metavar="M", help="step gamma")
    parser.add_argument("--no-accel", action="store_true", help="disables accelerator")
    parser.add_argument("--dry-run", action="store_true", help="quickly check a single pass")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--log-interval", type=int, default=10, metavar="N")
    parser.add_argument("--save-model", action="store_true")
    args = parser.parse_args()
    for epoch in range(1, args.epochs + 1):
        train(args, epoch)
        test(args, epoch)


if __name__ == "__main__":
    main()
