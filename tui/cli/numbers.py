"""Numbers that options take, called by what people call them."""

import click


class Whole(click.IntRange):
    """A whole number."""

    name = "whole number"


class Number(click.FloatRange):
    """A number."""

    name = "number"
