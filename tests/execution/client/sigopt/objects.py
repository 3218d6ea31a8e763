"""The stand-in's things: dictionaries whose keys are attributes."""


class ApiObject:
    def __init__(self, body):
        self._body = body

    def __getattr__(self, name):
        value = self._body.get(name)
        return ApiObject(value) if isinstance(value, dict) and name != "assignments" else value

    def to_json(self):
        return dict(self._body)


TrainingRun = ApiObject
