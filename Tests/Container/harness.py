"""What the tests share: the engine, and figures that are printed at the end."""

import os
import unittest

from images import ROOT

# What was measured: its name and its text.
FIGURES = {}


class ContainerTest(unittest.TestCase):
    # Set before the first test.
    engine = None

    @classmethod
    def write(cls, path, text):
        """A file in the test's directory, replaced in one step where it was there; returns the whole path."""
        whole = f"{cls.engine.directory}/{path}"
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(f"{whole}.new", "w") as file:
            file.write(text)
        os.rename(f"{whole}.new", whole)
        return whole


def read(path):
    """The text of a file of the project."""
    with open(f"{ROOT}/{path}") as file:
        return file.read()
