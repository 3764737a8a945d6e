"""Tests of `redo`."""
