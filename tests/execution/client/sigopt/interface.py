"""The stand-in's connection, which a driver stands behind."""

from sigopt.objects import ApiObject


class RequestDriver:
    def __init__(self, *_, **__):
        raise ValueError("Must provide client_token or set environment variable SIGOPT_API_TOKEN")


driver_map = {"http": RequestDriver, "lite": RequestDriver}


class Resource:
    def __init__(self, connection, path):
        self.connection, self.path = connection, path

    def __getattr__(self, name):
        verb = {"create": "POST", "fetch": "GET", "update": "PUT", "delete": "DELETE"}.get(name)
        if verb:
            return lambda **data: ApiObject(self.connection.send(verb, self.path, data))
        return lambda *identity: Resource(self.connection, [*self.path, name, *identity])


class Connection:
    def __init__(self, *args, driver="http", **kwargs):
        self.driver = driver_map[driver](*args, **kwargs)

    def set_api_url(self, url):
        self.driver.set_api_url(url)

    def send(self, method, path, data):
        return self.driver.request(method, path, data, None)

    def __getattr__(self, name):
        return getattr(Resource(self, []), name)
