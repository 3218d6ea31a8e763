"""What holds for all tests."""

from hypothesis import settings

# How long an example takes says more of what else the machine does than of the code. The rest is
# as hypothesis has it for where the tests run: a CI draws the same examples every time.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")
