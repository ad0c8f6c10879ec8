"""Tests of the bundled sample and its site."""
