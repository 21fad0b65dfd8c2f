"""Tests of the same name's part."""
