"""A click command with ranges, a choice and a pair of flags."""

import click


@click.command()
@click.option("--lr", type=click.FloatRange(1e-5, 1.0), default=0.01, help="Learning rate.")
@click.option("--layers", type=click.IntRange(1, 6), default=2)
@click.option("--act", type=click.Choice(["relu", "gelu"]), default="relu")
@click.option("--layer-norm/--no-layer-norm", default=False)
@click.option("--steps", default=400)
@click.option("--out", type=click.Path(), default="runs")
@click.argument("corpus", default="tiny")
def main(lr, layers, act, layer_norm, steps, out, corpus):
    for step in range(steps // 4, steps + 1, steps // 4):
        click.echo(
            f"step={step} val_loss={1 / (1 + lr * step):.4f} train_loss={1 / (1 + step):.4f}"
        )


if __name__ == "__main__":
    main()
