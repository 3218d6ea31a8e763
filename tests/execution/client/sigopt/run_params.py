"""The stand-in's parameters of a run."""

from collections.abc import MutableMapping


class RunParameters(MutableMapping):
    def __init__(self, run, fixed):
        self.__dict__.update(run=run, items_=dict(fixed), fixed=set(fixed))

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name, value):
        self[name] = value

    def __getitem__(self, key):
        return self.items_[key]

    def __setitem__(self, key, value):
        if key in self.fixed:
            raise ValueError(f"value of {key!r} cannot be changed")
        self.items_[key] = value

    def __delitem__(self, key):
        del self.items_[key]

    def __iter__(self):
        return iter(self.items_)

    def __len__(self):
        return len(self.items_)

    def update(self, *given, **more):
        for key, value in dict(*given, **more).items():
            self[key] = value

    def setdefaults(self, *given, **more):
        new = {k: v for k, v in dict(*given, **more).items() if k not in self}
        self.items_.update(new)
        self.run.send({"assignments": new})
        return self
