#!/bin/sh
# py_test does not work with this Bazel.
exec python3 -B kafka/generator/schema_test.py
