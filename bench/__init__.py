"""Benchmarks: ratios against a baseline in the same run, on the same broker. They assert nothing."""
