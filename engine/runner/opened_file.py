"""Whether the study's file is still the one that the runner has open."""

from pathlib import Path

from hpo_tui.store.connect import on_network


class OpenedFile:
    """A file as it was when this was made. Raises OSError if it is not there then."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._changing = on_network(path)
        """Whether its inode need not stay the same."""
        self._inode = self._look()

    def is_gone(self) -> bool:
        """Whether it was deleted or moved away, or another lies in its place."""
        try:
            return self._look() != self._inode
        except FileNotFoundError:
            return True
        except OSError:  # a network file system that does not answer at present
            return False

    def _look(self) -> int:
        """Return the file's inode, 0 where that says nothing."""
        inode = self.path.stat().st_ino
        return 0 if self._changing else inode
