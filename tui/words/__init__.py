"""What the screens and the command line say, independent of widgets."""
