"""A click group: one of its commands has to be named."""

import click


@click.group()
def cli():
    pass


@cli.command()
@click.option("--lr", default=0.1)
@click.option("--epochs", default=8)
def train(lr, epochs):
    for epoch in range(epochs):
        click.echo(f"epoch {epoch} accuracy: {1 - lr / (epoch + 1)}")


@cli.command()
@click.option("--what", default="x")
def export(what):
    click.echo(what)


if __name__ == "__main__":
    cli()
