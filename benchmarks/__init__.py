"""Scripts that measure the console. Run one as `python -m benchmarks.NAME` from the project's folder."""
