"""Stores what devices and trials use, and tells of devices that are not used any more."""

from hpo_tui.engine.runner.desk import Desk


class Usage:
    """Looks at the devices; each that is left alone, and each used again, is an event."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._quarantined: set[str] = set()

    def look(self) -> None:
        """Store what is used now, and tell what is new of the devices."""
        desk = self.desk
        seen = desk.executor.telemetry({n: live.process for n, live in desk.live.items()})
        with desk.transaction(durable=False):
            desk.writer.add_device_samples(seen.samples)
            for number in desk.live:
                peak, rate = seen.peaks.get(number), seen.utilization.get(number)
                old = desk.trials[number]
                if peak and peak > (old.peak_memory or 0) * 1.01:
                    desk.update(number, durable=False, peak_memory=peak, utilization=rate)
        self._tell()

    def _tell(self) -> None:
        desk = self.desk
        bad = desk.executor.quarantined()
        for device in sorted(self._quarantined - set(bad)):
            desk.event("device", f"{desk.executor.called(device)} is used again")
        for device, why in bad.items():
            if device not in self._quarantined:
                desk.event("quarantine", f"{why}: nothing more is started there")
        self._quarantined = set(bad)
        for text in desk.executor.notes():
            desk.event("device", text)
