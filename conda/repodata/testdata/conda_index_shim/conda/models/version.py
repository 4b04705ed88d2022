"""The order of versions, as rattler knows it."""

import functools

from rattler import Version


@functools.total_ordering
class VersionOrder:
    def __init__(self, text):
        self.version = Version(text)

    def __eq__(self, other):
        return self.version == other.version

    def __lt__(self, other):
        return self.version < other.version
